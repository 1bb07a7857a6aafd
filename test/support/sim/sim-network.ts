import type { Dial, Transport, TransportEvents } from '../../../client/src/connection/transport.js';
import type { ServerMessage } from '../../../src/protocol/index.js';
import type { Actor, Schedule } from './schedule.js';
import type { SimDice } from './sim-dice.js';
import { SimSocket } from './sim-socket.js';
import type { Witness } from './witness.js';

/** With what a connection ends that was not closed by either side. */
const ABNORMAL = 1006;
/** How long a message is under way, in milliseconds, about. */
const WAY_MS = 0.5;

/** Whoever takes connections. */
export interface Listener {
  readonly actor: Actor;
  /** A client has come. */
  accept(socket: SimSocket): void;
}

/** One direction of a connection: what goes in comes out in its order, or not at all. */
class Lane {
  isCut = false;
  /** Nothing comes out before. */
  stalledUntil = 0;
  private lastAt = 0;

  constructor(
    private readonly network: SimNetwork,
    private readonly to: Actor,
  ) {}

  carry(what: string, run: () => void): void {
    const { schedule, dice } = this.network;
    if (this.isCut) return;
    const at = Math.max(this.lastAt, this.stalledUntil, schedule.now + dice.ms(WAY_MS));
    this.lastAt = at;
    const arrive = (): void => {
      if (!this.isCut) run();
    };
    schedule.after(at - schedule.now, arrive, { what, actor: this.to });
  }
}

/** One connection between a client and a node. */
export class SimLink {
  readonly up: Lane;
  readonly down: Lane;
  readonly socket: SimSocket;
  readonly transport: Transport;
  private isClientOver = false;

  constructor(
    readonly network: SimNetwork,
    readonly client: Actor,
    readonly node: Actor,
    private readonly events: TransportEvents,
  ) {
    this.up = new Lane(network, node);
    this.down = new Lane(network, client);
    this.socket = new SimSocket(this);
    this.transport = {
      send: (text) => this.sendUp(text),
      close: (code) => {
        if (this.isClientOver) return;
        this.isClientOver = true;
        this.up.carry('is left', () => this.socket.ended(code));
      },
    };
  }

  get isOver(): boolean {
    return this.isClientOver && this.socket.isClosed;
  }

  /** A text for the client. */
  sendDown(text: string, taken: () => void): void {
    const { witness } = this.network;
    const message = JSON.parse(text) as ServerMessage;
    witness.said(this, message);
    const arrive = (): void => {
      taken();
      if (this.isClientOver) return;
      witness.heard(this, message);
      this.events.message(text);
    };
    this.down.carry(`< ${brief(text)}`, arrive);
    if (this.network.faults.doubles()) this.down.carry(`< again ${brief(text)}`, arrive);
  }

  /** The client has to answer, or is gone. */
  ping(): void {
    this.down.carry('< ping', () => {
      if (!this.isClientOver) this.up.carry('> pong', () => this.socket.pong());
    });
  }

  /** The node says goodbye. */
  closeDown(code: number, reason: string): void {
    this.down.carry(`< close ${code}`, () => {
      this.endClient(code, reason);
      this.up.carry('> close', () => this.socket.ended(code));
    });
  }

  /** Nothing that is under way arrives, and both sides are told, sooner or later. */
  cut(): void {
    this.silence();
    this.tellClient();
    this.tellNode();
  }

  /** Nothing that is under way arrives, and nobody is told. */
  silence(): void {
    this.up.isCut = true;
    this.down.isCut = true;
  }

  /** The client finds that there is nobody any more. */
  tellClient(): void {
    this.network.later('is cut off', this.client, () => this.endClient(ABNORMAL, ''));
  }

  tellNode(): void {
    this.network.later('loses a client', this.node, () => this.socket.ended(ABNORMAL));
  }

  private sendUp(text: string): void {
    if (this.isClientOver) return;
    this.network.witness.asked(this, text);
    this.up.carry(`> ${brief(text)}`, () => this.socket.take(text));
  }

  private endClient(code: number, reason: string): void {
    if (this.isClientOver) return;
    this.isClientOver = true;
    this.events.closed(code, reason);
  }
}

/** What the network does that none may do; nothing but for the proof that it is found. */
export interface NetworkFaults {
  readonly doubles: () => boolean;
}

/** Between clients and nodes: it delays, stalls, cuts, and leaves half-open. */
export class SimNetwork {
  readonly links = new Set<SimLink>();
  readonly listeners = new Set<Listener>();
  /** Clients that have no network. */
  readonly offline = new Set<string>();

  constructor(
    readonly schedule: Schedule,
    readonly dice: SimDice,
    readonly witness: Witness,
    readonly faults: NetworkFaults,
  ) {}

  /** How a client connects: to any of the nodes. */
  dialOf(client: Actor): Dial {
    return (_url, events) => {
      const listener = this.pick(client);
      if (!listener) {
        this.later('finds no server', client, () => events.closed(ABNORMAL, 'refused'));
        return { send: () => undefined, close: () => undefined };
      }
      const link = new SimLink(this, client, listener.actor, events);
      this.links.add(link);
      link.up.carry(`> connects as ${client.name}`, () => listener.accept(link.socket));
      return link.transport;
    };
  }

  /** A node, or a client, is gone. @param isTold whether those at the other end are. */
  lost(actor: Actor, isTold: () => boolean): void {
    for (const link of this.links) {
      if (link.client !== actor && link.node !== actor) continue;
      link.silence();
      if (!isTold()) continue;
      if (link.client === actor) link.tellNode();
      else link.tellClient();
    }
    this.forget();
  }

  /** Ends all connections, which those at their ends are told of. */
  heal(): void {
    this.offline.clear();
    for (const link of this.links) if (!link.isOver) link.cut();
    this.forget();
  }

  later(what: string, actor: Actor, run: () => void): void {
    this.schedule.after(this.dice.ms(WAY_MS), run, { what, actor });
  }

  private pick({ name }: Actor): Listener | undefined {
    const all = [...this.listeners];
    return all.length === 0 || this.offline.has(name) ? undefined : this.dice.oneOf(all);
  }

  private forget(): void {
    for (const link of this.links) {
      if (link.isOver || (link.client.isDead && link.node.isDead)) this.links.delete(link);
    }
  }
}

/** What a message is, in a few words. */
export function brief(text: string): string {
  return text.length > 150 ? `${text.slice(0, 150)}…` : text;
}
