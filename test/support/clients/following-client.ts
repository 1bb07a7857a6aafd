import { EventEmitter, once } from 'node:events';
import { WebSocket } from 'ws';
import {
  decideFrame,
  type Atome,
  type AtomeEvent,
  type Cursor,
  type WholeFrame,
  type WholeMessage,
  type SyncReset,
} from '../../../src/protocol/index.js';

/** What a reader has applied, in the order in which it did. */
export interface Applied {
  readonly seq: number;
  readonly opId: string | null;
}

/**
 * A range reader that keeps its cursor across connections, admits frames by the rule of the protocol, and
 * folds what it is told into a state of its own.
 */
export class FollowingClient {
  readonly applied: Applied[] = [];
  readonly atomes = new Map<string, Atome>();
  readonly resets: SyncReset[] = [];
  /** Frames that did not begin at the cursor. On one connection there are none. */
  detours = 0;
  /** Is told that the connection has gone. */
  lost: () => void = () => undefined;
  private readonly events = new EventEmitter();
  private ws: WebSocket | undefined;

  constructor(public cursor: Cursor = { since: 0 }) {}

  get seq(): number {
    return this.cursor.since ?? 0;
  }

  /** Connects, in place of an earlier connection, and subscribes from the cursor. */
  connect({ wsUrl }: { readonly wsUrl: string }): void {
    this.disconnect();
    const ws = new WebSocket(wsUrl, { perMessageDeflate: false });
    this.ws = ws;
    ws.on('error', () => undefined);
    ws.on('close', () => this.ws === ws && this.lost());
    ws.on('open', () => this.subscribe());
    ws.on('message', (data) => this.hear(JSON.parse((data as Buffer).toString()) as WholeMessage));
  }

  /** Destroys the connection, as a broken network does. */
  disconnect(): void {
    const { ws } = this;
    this.ws = undefined;
    ws?.removeAllListeners('message').terminate();
  }

  /** Reads nothing more from the network. */
  pause(): void {
    this.ws?.pause();
  }

  resume(): void {
    this.ws?.resume();
  }

  async reached(seq: number): Promise<void> {
    while (this.seq < seq) await once(this.events, 'moved');
  }

  /** Resolves when it is told that its cursor cannot be continued. */
  async reset(): Promise<SyncReset> {
    while (this.resets.length === 0) await once(this.events, 'reset');
    return this.resets.at(-1)!;
  }

  private subscribe(): void {
    this.ws!.send(JSON.stringify({ type: 'subscribe', ...this.cursor }));
  }

  private hear(message: WholeMessage): void {
    switch (message.type) {
      case 'subscribed':
        this.cursor = { ...this.cursor, epoch: message.epoch, since: message.from };
        break;
      case 'events':
        this.take(message);
        break;
      case 'sync:reset':
        this.resets.push(message);
        this.events.emit('reset');
        break;
      default:
    }
  }

  private take(frame: WholeFrame): void {
    const events = decideFrame(this.seq, frame);
    if (frame.from !== this.seq) this.detours += 1;
    if (events === 'missing') return this.subscribe();
    if (!events) return;
    events.forEach((event) => this.apply(event));
    this.cursor = { ...this.cursor, since: frame.to, hash: frame.hash };
    this.events.emit('moved');
  }

  private apply(event: AtomeEvent): void {
    this.applied.push({ seq: event.seq, opId: 'opId' in event ? event.opId : null });
    if ('atome' in event && event.atome.deletedAt === null) this.atomes.set(event.atome.id, event.atome);
    else this.atomes.delete('atome' in event ? event.atome.id : event.atomeId);
  }
}

/** The atomes of a server as of now, by id. */
export async function atomesOf({ url }: { readonly url: string }): Promise<Map<string, Atome>> {
  const lines = (await (await fetch(`${url}/api/sync/snapshot`)).text()).trimEnd().split('\n');
  const atomes = lines.slice(1, -1).map((line) => JSON.parse(line) as Atome);
  return new Map(atomes.map((atome) => [atome.id, atome]));
}
