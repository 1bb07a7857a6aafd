import type {
  Ack,
  AtomeEvent,
  RangeFrame,
  ServerMessage,
  Subscribed,
  SyncLive,
  SyncReset,
} from '../../../src/protocol/index.js';
import { NORMAL } from '../../../src/protocol/close-codes.js';
import { decideFrame } from '../../../src/protocol/messages/range.js';
import { createConnection, type Connection } from '../connection/connection.js';
import { createTimer } from '../connection/timer.js';
import { socketUrl } from '../core/endpoints.js';
import { SyncError } from '../core/errors.js';
import type { Emitter } from '../core/emitter.js';
import type { OtherMessage } from '../core/event-map.js';
import type { Settings } from '../core/options.js';
import type { Changes, StoredCursor } from '../storage/store.js';
import { changesFrom, reduceEvents, type CompactedState } from './reduce-events.js';
import { createCredentials } from './credentials.js';
import { ANONYMOUS, ownerOf, whoseIs, type Who } from './owner.js';
import type { Replica } from './replica.js';
import { createSender } from './sender.js';
import { stateOf, type Progress, type SyncState } from './status.js';
import type { Subscription } from './subscription.js';
import type { WriteClock } from './write-clock.js';

/** What an engine works with. */
export interface EngineParts {
  readonly replica: Replica;
  readonly clock: WriteClock;
  readonly events: Emitter;
  readonly subscription: Subscription;
  readonly principal: Who | undefined;
  /** The server says that we are somebody else than whose data this is. */
  readonly usurped: () => void;
  /** Something about the connection is different. */
  readonly changed: () => void;
  /** Resolves when something has become true, and rejects when the client is closed. */
  readonly until: (isSo: () => boolean) => Promise<void>;
}

/**
 * Keeps a replica equal to what the server has: sends the outbox and takes in frames at the cursor. Where there is no
 * cursor, or none that the server can continue, it has everything told from the beginning, the newest alteration of
 * each atome alone, and puts that in the place of what there was when it is whole.
 */
export interface Engine {
  readonly connection: Connection;
  /** The cursor to go on from; null when everything has to be told first. */
  cursor(): StoredCursor | null;
  /** Whose data this is; with `sure`, by the server's own word where there is a token. */
  whose(sure: boolean): Promise<string>;
  /** null while there is no connection to be had. */
  state(): SyncState | null;
  /** Sends what has come into the outbox. */
  readonly pump: () => void;
  stop(): void;
}

export function createEngine(settings: Settings, parts: EngineParts): Engine {
  const { replica, clock, events, subscription, changed } = parts;
  const wanted = JSON.stringify(subscription);
  const socket = socketUrl(settings.url);
  const credentials = createCredentials(settings.token);
  const { emit } = events;
  let progress: Progress = null;
  /** Why there is no connection. */
  let reason = '';
  let nextAttemptAt: number | null = null;
  /** The server cannot continue the stored cursor: what is shown is old until everything has been told. */
  let stale = false;
  /** What was told from the beginning on, and up to where; kept over connections. */
  let compacted: { readonly atomes: CompactedState; cursor: StoredCursor } | null = null;
  let rights: string | undefined;
  let owner: string | undefined;
  /** Whether the owner is so by the server's word. */
  let isSure = false;
  let stopped = false;

  const connection = createConnection(settings, {
    ...credentials,
    url: () => socket,
    identified(principal) {
      const said = ownerOf(socket, principal ?? parts.principal ?? ANONYMOUS);
      if ((owner ??= said) !== said) return parts.usurped();
      isSure = true;
      // until here it was only to hear that; whoever leads connects again
      if (!replica.place.owner) connection.disconnect();
    },
    subscription() {
      const stored = cursor();
      const { epoch, seq: since = 0, hash, rights } = stored ?? compacted?.cursor ?? {};
      return { type: 'subscribe', epoch, since, hash, rights, compact: stored ? undefined : true, ...subscription };
    },
    connected({ clientId, serverTime }) {
      credentials.accepted();
      clock.measure(Date.parse(serverTime));
      emit('sync:connected', { clientId, serverTime });
    },
    disconnected(code, why) {
      reason = why || `the connection was closed (${code})`;
      progress = null;
      sender.lost(code);
      emit('sync:disconnected', { code, reason: why });
    },
    failed,
    received,
    changed(state) {
      nextAttemptAt = state.phase === 'waiting' ? Date.now() + state.delayMs : null;
      sender.pump();
      changed();
    },
  });
  const sender = createSender(replica.outbox, {
    ready: () => connected() && cursor() !== null,
    send: (message) => void connection.send(message),
    stamp: (opId) => clock.stamp(opId),
    refused: (operation, error) =>
      commit({ settle: [operation.opId], reject: [{ operation, error, rejectedAt: new Date().toISOString() }] }),
    failing: (code, message) => failed(new SyncError(code, `${message}; it is tried again`)),
    ...settings,
  });

  async function whose(sure: boolean): Promise<string> {
    const who = parts.principal ?? (owner ? undefined : await bearer());
    owner ??= who && ownerOf(socket, who);
    if (!isSure && (!owner || sure)) {
      if (!stopped) connection.connect();
      await parts.until(() => isSure);
    }
    return owner!;
  }

  /** Whose the token is by its own word. One that cannot be had just now is asked for again by the connection. */
  async function bearer(): Promise<Who | undefined> {
    const timer = createTimer();
    const late = new Promise<string>((resolve) => timer.start(settings.answerMs, () => resolve('')));
    const closed = parts.until(() => false);
    const token = await Promise.race([credentials.token(false).catch(() => ''), late, closed]).finally(() =>
      timer.stop(),
    );
    return token === undefined ? ANONYMOUS : whoseIs(token);
  }

  function cursor(): StoredCursor | null {
    const { place } = replica;
    return stale || place.subscription !== wanted ? null : place.cursor;
  }

  /** Whether what comes continues where this client stands. */
  function connected(): boolean {
    return connection.state.phase === 'connected';
  }

  function failed(error: Error): void {
    reason = error.message;
    emit('sync:error', { error });
  }

  function received(message: ServerMessage): void {
    switch (message.type) {
      case 'subscribed':
        return subscribed(message);
      case 'events':
        return read(message);
      case 'sync:live':
        return live(message);
      case 'sync:reset':
        return reset(message);
      case 'ack':
        return acked(message);
      case 'nack':
        return sender.nacked(message.opId, message.error);
      case 'error':
        return failed(new SyncError(message.code, message.message));
      default:
        // events by themselves were sent before the server had read our subscription; the replay tells them again
        if (!message.type.startsWith('atome:')) emit('sync:message', message as unknown as OtherMessage);
    }
  }

  function subscribed({ epoch, from, head, ...more }: Subscribed): void {
    ({ rights } = more as { readonly rights?: string });
    progress = { done: from, total: head };
    if (!cursor()) compacted ??= { atomes: new Map(), cursor: { epoch, seq: from, rights } };
  }

  function read(frame: RangeFrame): void {
    const stored = cursor();
    const at = stored ?? compacted?.cursor;
    if (!connected() || !at) return;
    const decision = decideFrame(at.seq, frame);
    if (decision.action === 'resubscribe') return connection.resubscribe();
    if (decision.action === 'drop') return;
    const { events: told, to } = decision;
    const next = { epoch: at.epoch, seq: to, hash: frame.hash, rights };
    if (progress && progress !== 'live') progress = { ...progress, done: to };
    if (stored) return advance(next, { ...changesFrom(reduceEvents(new Map(), told)), events: told });
    reduceEvents(compacted!.atomes, told);
    compacted!.cursor = next;
    changed();
  }

  function live(message: SyncLive): void {
    if (!connected()) return;
    if (compacted) {
      const { atomes, cursor: reached } = compacted;
      [stale, compacted] = [false, null];
      advance(reached, { ...changesFrom(atomes), clear: true });
    }
    progress = 'live';
    emit('sync:live', message);
  }

  function reset(message: SyncReset): void {
    [stale, compacted] = [true, null];
    sender.restart();
    emit('sync:reset', message);
    connection.resubscribe();
  }

  function acked(ack: Ack): void {
    sender.acked(ack);
    const at = cursor();
    if (at && ack.seq <= at.seq) advance(at, {});
  }

  /** Takes in what leads to a cursor, and settles the writes whose effect is in it. */
  function advance(to: StoredCursor, changes: Changes): void {
    const told = new Set(changes.events?.map(opIdOf));
    const settled = [...replica.outbox.all()].filter(
      ({ write, ack }) => told.has(write.opId) || (ack && ack.seq <= to.seq),
    );
    const stamp = settled.findLast(({ hlc }) => hlc)?.hlc ?? replica.place.stamp;
    commit({
      ...changes,
      settle: settled.map(({ write }) => write.opId),
      place: { ...replica.place, subscription: wanted, cursor: to, skewMs: clock.skewMs, stamp },
    });
    for (const { ack } of settled) {
      // what came of it is in no event that we may see
      if (ack?.superseded && !told.has(ack.opId)) {
        emit('sync:conflict', { atomeId: ack.atomeId, superseded: ack.superseded, alteration: null });
      }
    }
  }

  function commit(changes: Changes): void {
    void replica.commit(changes).catch(() => undefined);
  }

  return {
    connection,
    cursor,
    whose,
    state: () => stateOf(connection.state, progress, reason, nextAttemptAt),
    pump: sender.pump,
    stop() {
      stopped = true;
      connection.disconnect();
      sender.lost(NORMAL);
    },
  };
}

function opIdOf(event: AtomeEvent): string {
  return ('opId' in event && event.opId) || '';
}
