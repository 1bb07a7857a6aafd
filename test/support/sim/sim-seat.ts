import { createClient, type Atome, type Client, type Query } from '../../../client/src/index.js';
import type { Subscription } from '../../../client/src/offline/subscription.js';
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

/** What a program holds, and what of that it is to have. */
interface Wanted {
  readonly subscription?: Subscription;
  readonly isWanted: (atome: Atome) => boolean;
}

const ALL: Wanted = { isWanted: () => true };

/** All that a user may see, or a part of it. */
export const WANTED: readonly Wanted[] = [
  ALL,
  ALL,
  { subscription: { kinds: ['note'] }, isWanted: ({ kind }) => kind === 'note' },
  {
    subscription: { where: { 'data.k1': { lt: 15 } } },
    isWanted: ({ data: { k1 } }) => typeof k1 === 'number' && k1 < 15,
  },
];

/** What is watched. */
const QUERY: Query = { kind: 'note', sort: '-updatedAt', limit: 4 };

/** Who sits where, with which clock. */
export interface Sitting {
  readonly user: string;
  readonly place: string;
  readonly skewMs: number;
  readonly wants: Wanted;
}

/** A place where one program of a user runs after the other, each with what the one before has kept. */
export class SimSeat {
  client!: Client;
  actor!: Actor;
  readonly disk: SimDisk;
  /** It is about to begin anew. */
  isClosing = false;
  private watched: readonly Atome[] = [];

  constructor(
    private readonly sitting: Sitting,
    private readonly parts: SeatParts,
  ) {
    const { schedule, dice, forgets } = parts;
    this.disk = new SimDisk(schedule, dice, forgets);
    this.begin();
  }

  get user(): string {
    return this.sitting.user;
  }

  get name(): string {
    return `${this.sitting.place}/${this.user}`;
  }

  get wants(): Wanted {
    return this.sitting.wants;
  }

  /** Whether it is to be told of everything. */
  get seesAll(): boolean {
    return this.wants === ALL && PRINCIPALS[this.user]!.roles.includes('admin');
  }

  /** Says what a query that is watched shows wrongly. */
  async wrongQuery(): Promise<string[]> {
    const listed = await this.client.list(QUERY);
    const [one, other] = [this.watched, listed].map((all) => JSON.stringify(all.map(({ id, data }) => [id, data])));
    return one === other ? [] : [`${this.name} watches ${one}, and lists ${other}`];
  }

  /** Begins a program. @param begun is called when there is one. */
  begin(begun: () => void = () => undefined): void {
    const { schedule, network } = this.parts;
    const actor = new Actor(this.name, this.sitting.skewMs);
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
        subscription: this.wants.subscription,
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
    this.watched = [];
    client.watch(QUERY, (atomes) => (this.watched = atomes));
    client.on('sync:reset', ({ reason }) => {
      schedule.tell(`is reset: ${reason}`);
      last = 0;
    });
    client.on('sync:live', ({ seq }) => schedule.tell(`is live at ${seq}`));
    client.on('sync:rejected', ({ operation, error }) => schedule.tell(`refused ${operation.opId}: ${error.code}`));
  }
}
