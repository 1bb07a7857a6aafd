import type {
  Ack,
  AtomeEvent,
  RangeFrame,
  ServerMessage,
  Subscribed,
  SyncLive,
  SyncReset,
  Welcome,
} from '../../../src/protocol/index.js';
import { NORMAL } from '../../../src/protocol/close-codes.js';
import { admit } from '../../../src/protocol/range.js';
import { Connection, type ConnectionPort } from '../connection/connection.js';
import type { State } from '../connection/state.js';
import { Timer } from '../connection/timer.js';
import { endpoints, type Endpoints } from '../endpoints.js';
import { SyncError } from '../errors.js';
import type { Emitter } from '../events/emitter.js';
import type { OtherMessage } from '../events/event-map.js';
import type { Settings } from '../options.js';
import type { Changes, Place, StoredCursor } from '../store/store.js';
import { changesOf } from './changes-of.js';
import { Credentials } from './credentials.js';
import { Loader } from './loader.js';
import type { Replica } from './replica.js';
import { Sender } from './sender.js';
import type { Snapshot, Subscription } from './snapshot.js';
import { stateOf, type Progress, type SyncState } from './status.js';
import type { WriteClock } from './write-clock.js';

/** What an engine works with. */
export interface EngineParts {
  readonly replica: Replica;
  readonly clock: WriteClock;
  readonly events: Emitter;
  readonly subscription: Subscription;
  /** Something about the connection is different. */
  readonly moved: () => void;
}

/**
 * Keeps a replica equal to what the server has: sends the outbox, takes in frames at the cursor, and takes a
 * snapshot where there is no cursor, or none that the server can continue.
 */
export class Engine implements ConnectionPort {
  readonly connection: Connection;
  private progress: Progress = null;
  /** Why there is no connection. */
  private reason = '';
  private nextAttemptAt: number | null = null;
  private readonly endpoints: Endpoints;
  private readonly credentials: Credentials;
  private readonly sender: Sender;
  private readonly loader: Loader;
  /** The server cannot continue the stored cursor: what is shown is old until a snapshot has come. */
  private stale = false;
  private rights: string | undefined;

  constructor(
    settings: Settings,
    private readonly parts: EngineParts,
  ) {
    const { replica, clock, subscription } = parts;
    this.endpoints = endpoints(settings.url);
    this.credentials = new Credentials(settings.token);
    this.connection = new Connection(settings, this);
    this.sender = new Sender(replica.outbox, new Timer(settings.after), {
      ready: () => this.reading,
      send: (message) => void this.connection.send(message),
      stamp: (opId) => clock.stamp(opId),
      refused: (operation, error) =>
        this.commit({ reject: [{ operation, error, rejectedAt: new Date().toISOString() }] }, [operation.opId]),
      random: settings.random,
    });
    this.loader = new Loader(settings, new Timer(settings.after), {
      request: async (renew) => ({ api: this.endpoints.api, token: await this.token(renew), subscription }),
      loaded: (snapshot) => {
        this.credentials.accepted();
        this.replace(snapshot);
      },
      failed: (error) => this.failed(error),
    });
  }

  /** The cursor to go on from; null when a snapshot has to come first. */
  get cursor(): StoredCursor | null {
    const { replica, subscription } = this.parts;
    const { place } = replica;
    return this.stale || place.subscription !== JSON.stringify(subscription) ? null : place.cursor;
  }

  get state(): SyncState {
    const { progress, reason, nextAttemptAt } = this;
    return stateOf({ connection: this.connection.state, progress, reason, nextAttemptAt });
  }

  /** Sends what has come into the outbox. */
  pump(): void {
    this.sender.pump();
  }

  stop(): void {
    this.connection.disconnect();
    this.loader.stop();
    this.sender.lost(NORMAL);
  }

  url(): string {
    return this.endpoints.socket;
  }

  renewable(): boolean {
    return this.credentials.renewable;
  }

  token(renew: boolean): Promise<string | undefined> {
    return this.credentials.token(renew);
  }

  subscription(): object {
    const { epoch, seq: since, hash, rights } = this.cursor ?? {};
    return { type: 'subscribe', epoch, since, hash, rights, ...this.parts.subscription };
  }

  connected({ clientId, serverTime }: Welcome): void {
    this.credentials.accepted();
    this.parts.clock.measure(Date.parse(serverTime));
    this.parts.events.emit('sync:connected', { clientId, serverTime });
  }

  disconnected(code: number, reason: string): void {
    this.reason = reason || `the connection was closed (${code})`;
    this.progress = null;
    this.loader.stop();
    this.sender.lost(code);
    this.parts.events.emit('sync:disconnected', { code, reason });
  }

  failed(error: Error): void {
    this.reason = error.message;
    this.parts.events.emit('sync:error', { error });
  }

  moved(state: State): void {
    this.nextAttemptAt = state.phase === 'waiting' ? Date.now() + state.delayMs : null;
    if (state.phase === 'connected') {
      if (this.cursor) this.sender.pump();
      else this.loader.start();
    }
    this.parts.moved();
  }

  received(message: ServerMessage): void {
    switch (message.type) {
      case 'subscribed':
        return this.subscribed(message);
      case 'events':
        return this.read(message);
      case 'sync:live':
        return this.live(message);
      case 'sync:reset':
        return this.reset(message);
      case 'ack':
        return this.acked(message);
      case 'nack':
        return this.sender.nacked(message.opId, message.error);
      case 'error':
        return this.failed(new SyncError(message.code, message.message));
      default:
        // events by themselves were sent before the server had read our subscription; the replay tells them again
        if (!message.type.startsWith('atome:'))
          this.parts.events.emit('sync:message', message as unknown as OtherMessage);
    }
  }

  /** Whether frames continue at the cursor, and writes can be sent. */
  private get reading(): boolean {
    return this.connection.state.phase === 'connected' && this.cursor !== null;
  }

  private subscribed({ from, head, ...more }: Subscribed): void {
    this.rights = (more as { readonly rights?: string }).rights;
    this.progress = { done: this.cursor ? from : 0, total: head };
  }

  private read(frame: RangeFrame): void {
    const { cursor } = this;
    if (!this.reading || !cursor) return;
    const admission = admit(cursor.seq, frame);
    if (admission.action === 'resubscribe') return this.connection.resubscribe();
    if (admission.action === 'drop') return;
    const { events, to } = admission;
    if (this.progress !== 'live' && this.progress) this.progress = { ...this.progress, done: to };
    this.advance({ ...changesOf(events), events }, { epoch: cursor.epoch, seq: to, hash: frame.hash }, events);
  }

  private live(message: SyncLive): void {
    if (!this.reading) return;
    this.progress = 'live';
    this.parts.events.emit('sync:live', message);
    this.parts.moved();
  }

  private reset(message: SyncReset): void {
    this.stale = true;
    this.loader.stop();
    this.sender.restart();
    this.parts.events.emit('sync:reset', message);
    this.connection.resubscribe();
  }

  private replace({ atomes, ...cursor }: Snapshot): void {
    this.stale = false;
    this.advance({ clear: true, put: atomes }, cursor, []);
    this.connection.resubscribe();
  }

  private acked(ack: Ack): void {
    this.sender.acked(ack);
    if (this.cursor && ack.seq <= this.cursor.seq) this.passed(this.cursor.seq, {}, []);
  }

  /** Takes in what leads to another cursor, and settles the writes whose effect is in it. */
  private advance(changes: Changes, cursor: StoredCursor, events: readonly AtomeEvent[]): void {
    const { subscription } = this.parts;
    const rights = this.rights === undefined ? {} : { rights: this.rights };
    const place = { subscription: JSON.stringify(subscription), cursor: { ...cursor, ...rights } };
    this.passed(cursor.seq, changes, events, place);
  }

  private passed(seq: number, changes: Changes, events: readonly AtomeEvent[], place: Partial<Place> = {}): void {
    const { replica, clock } = this.parts;
    const told = new Set(events.flatMap((event) => ('opId' in event && event.opId !== null ? [event.opId] : [])));
    const acks = this.sender.passed(seq).filter(({ opId }) => !told.has(opId));
    const settled = [...told, ...acks.map(({ opId }) => opId)].filter((opId) => replica.outbox.get(opId));
    const stamp = settled.map((opId) => this.sender.stampOf(opId)).findLast((each) => each !== undefined);
    const { skewMs } = clock;
    this.commit({ ...changes, place: { ...replica.place, skewMs, ...(stamp && { stamp }), ...place } }, settled);
    // what came of them is in no event that we may see
    for (const { atomeId, superseded } of acks) {
      if (superseded) this.parts.events.emit('sync:conflict', { atomeId, superseded, alteration: null });
    }
  }

  private commit(changes: Changes, settled: readonly string[]): void {
    void this.parts.replica
      .commit(settled.length > 0 ? { ...changes, settle: settled } : changes)
      .catch(() => undefined);
    settled.forEach((opId) => this.sender.forget(opId));
  }
}
