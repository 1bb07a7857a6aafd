import { createClient, type Client } from '../../../client/src/index.js';
import { Actor, type Schedule } from './schedule.js';
import { SimDisk } from './sim-disk.js';
import { PRINCIPALS } from './sim-node.js';
import type { SimDice } from './sim-dice.js';
import type { SimNetwork } from './sim-network.js';

/** What a seat has. */
export interface SeatParts {
  readonly schedule: Schedule;
  readonly network: SimNetwork;
  readonly dice: SimDice;
  readonly blame: (what: string) => void;
  readonly forgets: () => boolean;
}

/** A place where one program of a user runs after the other, each with what the one before has kept. */
export class SimSeat {
  client!: Client;
  actor!: Actor;
  readonly disk: SimDisk;

  constructor(
    readonly user: string,
    private readonly place: string,
    private readonly skewMs: number,
    private readonly parts: SeatParts,
  ) {
    const { schedule, dice, forgets } = parts;
    this.disk = new SimDisk(schedule, dice, forgets);
    this.begin();
  }

  get name(): string {
    return `${this.place}/${this.user}`;
  }

  /** Begins a program. @param begun is called when there is one. */
  begin(begun: () => void = () => undefined): void {
    const { schedule, network } = this.parts;
    const actor = new Actor(this.name, this.skewMs);
    this.actor = actor;
    const make = (): void => {
      this.client = createClient({
        url: 'ws://sim/ws',
        token: this.user,
        principal: PRINCIPALS[this.user],
        store: this.disk.mount(),
        dial: network.dialOf(actor),
        reconnect: { firstMs: 20, maxMs: 500 },
        heartbeatMs: 1_000,
        answerMs: 1_500,
      });
      this.listen();
      begun();
    };
    schedule.after(0, make, { what: 'begins', actor });
  }

  /** The program ends in the middle of whatever it does. */
  kill(isTold: () => boolean): void {
    this.actor.isDead = true;
    this.parts.network.lost(this.actor, isTold);
  }

  private listen(): void {
    const { client, name, parts } = this;
    const { schedule, blame } = parts;
    let last = 0;
    for (const type of ['atome:created', 'atome:updated', 'atome:altered', 'atome:deleted'] as const) {
      client.on(type, ({ seq }) => {
        if (seq <= last) blame(`${name} tells its application of ${seq} behind ${last}`);
        last = seq;
      });
    }
    client.on('sync:reset', ({ reason }) => schedule.tell(`is reset: ${reason}`));
    client.on('sync:live', ({ seq }) => schedule.tell(`is live at ${seq}`));
    client.on('sync:rejected', ({ operation, error }) => schedule.tell(`refused ${operation.opId}: ${error.code}`));
  }
}
