import type { Ack, RangeFrame, ServerMessage, Subscribed, SyncLive, SyncReset } from '../../../src/protocol/index.js';
import { NORMAL } from '../../../src/protocol/close-codes.js';
import { createConnection } from '../connection/connection.js';
import { onWake } from '../connection/wake.js';
import { SyncError } from '../core/errors.js';
import type { Emitter } from '../core/emitter.js';
import type { OtherMessage } from '../core/event-map.js';
import { follow, type Following } from '../core/ledger-follower.js';
import { settingsOf } from '../core/options.js';
import type { StoredCursor } from '../storage/store.js';
import { changesOf } from './changes-of-events.js';
import type { Change } from './changes.js';
import type { ClientOptions } from './api.js';
import type { Credentials } from './credentials.js';
import { createIntake } from './intake.js';
import type { Who } from './owner.js';
import type { Replica } from './replica.js';
import { createPush, type Caller } from './push.js';
import { createSender } from './sender.js';
import { createStamps } from './stamps.js';
import type { SyncState } from './status.js';
import { wholeEvents } from './whole-events.js';
import type { WriteClock } from './write-clock.js';

/** What an engine works with. */
export interface EngineParts {
  readonly replica: Replica;
  readonly clock: WriteClock;
  readonly emit: Emitter['emit'];
  readonly publish: (change: Change) => void;
  readonly credentials: Credentials;
  /** URL of the WebSocket. */
  readonly socket: string;
  /** The subscription, as JSON. */
  readonly wanted: string;
  /** Where the store stands, as far as it holds what is subscribed to. */
  readonly stored: () => StoredCursor | null;
  /** The server has said who we are. @returns false where that is somebody else than we took us for. */
  readonly isSaid: (who?: Who) => boolean;
  /** Another tab has moved the checkpoint: this one has slept, and leads no longer. */
  readonly overtaken: () => void;
}

/**
 * Keeps a replica equal to what the server has: sends the outbox and takes in frames at the cursor. Where there is no
 * cursor, or none that the server can continue, it has everything told from the beginning, the newest alteration of
 * each atome alone, and puts that in the place of what there was when it is whole.
 */
export interface Engine {
  /** Connects, and stays connected, from where the store stands. */
  readonly lead: () => void;
  /** Connects to hear from the server who we are. */
  readonly ask: () => void;
  /** The cursor to go on from; null when everything has to be told first. */
  cursor(): StoredCursor | null;
  /** null while there is no connection to be had. */
  readonly state: () => SyncState | null;
  /** Why nothing comes of what another tab takes in; undefined where it does, and where this one leads. */
  readonly apart: () => Error | undefined;
  /** Sends what has come into the outbox. */
  readonly pump: () => void;
  /** Ends the connection until it leads again. */
  readonly rest: () => void;
  /** Why there will be no connection any more; undefined as long as there may be. */
  readonly ended: () => Error | undefined;
  /** Ends it. */
  readonly stop: () => void;
}

/** Whether it answers what was asked before all was to be told from the beginning. */
function isOutdated(message: Subscribed | RangeFrame | SyncLive | SyncReset, { cursor }: Following): boolean {
  return !cursor && (message.type === 'sync:live' || ('from' in message && message.from > 0));
}

/** Makes the engine of one client. */
export function createEngine(options: ClientOptions, parts: EngineParts): Engine {
  const { replica, clock, emit, publish, credentials, stored } = parts;
  const settings = settingsOf({ ...options, reconnect: { attempts: Infinity, ...options.reconnect } });
  const stamps = createStamps(clock);
  const intake = createIntake(parts, stamps);
  let following: Following = { replay: true };
  let leads = false;
  /** The head that is being caught up with; null while there is no connection, and 'live' once it was reached. */
  let head: number | 'live' | null = null;
  /** Whether changes alone were not enough on this connection. */
  let missed = false;
  /** Why there is no connection. */
  let reason = '';
  let fault: Error | undefined;
  let nextAttemptAt: number | null = null;
  /** As whom the server knows this connection. */
  const caller: Caller = { clientId: '' };

  const connection = createConnection(settings, {
    ...credentials,
    url: () => parts.socket,
    identified(who, token) {
      if (!parts.isSaid(who))
        return publish({ type: 'failed', error: new SyncError('forbidden', USURPED), usurped: true });
      // until here it was only to hear that; whoever leads connects again
      if (!leads) connection.disconnect();
      credentials.accepted();
      caller.token = token;
    },
    subscription: ({ deltas }) => subscriptionFrom(following, parts.wanted, deltas && !missed),
    connected({ clientId, serverTime }) {
      caller.clientId = clientId;
      clock.measure(Date.parse(serverTime));
      emit('sync:connected', { clientId, serverTime });
    },
    disconnected(code, why) {
      reason = why || `the connection was closed (${code})`;
      head = null;
      missed = false;
      sender.lost(code);
      emit('sync:disconnected', { code, reason: why });
    },
    failed,
    received,
    changed(state) {
      nextAttemptAt = state.phase === 'waiting' ? Math.ceil(Date.now() + state.delayMs) : null;
      sender.pump();
      publish({ type: 'connection' });
    },
  });
  const sender = createSender(replica.outbox, {
    ...settings,
    ready: () => connection.state.phase === 'connected' && !following.replay,
    send: connection.send,
    // a connection that is not to be a WebSocket says nothing of where requests go
    push: options.dial ? undefined : createPush(options, parts.socket, caller),
    answered: received,
    stamp: stamps.stamp,
    refused: intake.refused,
    failing: (code, message) => failed(new SyncError(code, `${message}; it is tried again`)),
  });

  function cursor(): StoredCursor | null {
    if (!leads) return stored();
    return following.replay ? null : following.cursor!;
  }

  function state(): SyncState | null {
    const { phase } = connection.state;
    if (phase === 'refused') return { state: 'stopped', reason };
    if (phase === 'idle') return null;
    if (phase === 'waiting' || phase === 'exhausted') return { state: 'offline', nextAttemptAt, reason };
    if (head === null) return { state: 'connecting' };
    return head === 'live' ? { state: head } : { state: 'catching-up', done: following.cursor?.seq ?? 0, total: head };
  }

  function failed(error: Error): void {
    reason = error.message;
    fault = error;
    emit('sync:error', { error });
  }

  function received(message: ServerMessage): void {
    if (!intake.isOurs()) return parts.overtaken();
    switch (message.type) {
      case 'subscribed':
      case 'events':
      case 'sync:live':
      case 'sync:reset':
        return read(message);
      case 'ack':
        return acked(message);
      case 'nack':
        return sender.nacked(message.opId, message.error);
      default:
        emit('sync:message', message as unknown as OtherMessage);
    }
  }

  function read(message: Subscribed | RangeFrame | SyncLive | SyncReset): void {
    if (isOutdated(message, following)) return;
    const { now, events: told, whole, again } = follow<RangeFrame>(following, message, true);
    const events = told && wholeEvents(told, replica.view);
    if (told && !events) {
      missed = true;
      return connection.resubscribe();
    }
    const isReplay = following.replay;
    following = now;
    if (message.type === 'subscribed') {
      ({ head } = message);
      sender.endsAt(now.cursor?.hash ? head : 0);
    }
    if (events && isReplay) intake.takeIn(events, now.cursor!);
    else if (events) intake.advance({ ...changesOf(events), events }, now.cursor!);
    if (whole) intake.complete(now.cursor!);
    if (message.type === 'sync:live') head = 'live';
    if (message.type === 'sync:reset') {
      sender.restart();
      following = intake.replayAll();
    }
    if (!('from' in message)) emit(message.type, message);
    if (again) connection.resubscribe();
    if (now.replay) publish({ type: 'connection' });
  }

  function acked(ack: Ack): void {
    sender.acked(ack);
    const at = cursor();
    // mostly its event has come first, and has settled it
    if (at && ack.seq <= at.seq && replica.outbox.get(ack.opId)) intake.advance({}, at);
  }

  function rest(): void {
    leads = false;
    connection.disconnect();
    sender.lost(NORMAL);
  }

  const unbind = onWake(connection.wake, connection.lose);

  return {
    lead() {
      if (leads) return;
      leads = true;
      following = intake.begin();
      connection.connect();
    },
    ask: () => connection.connect(),
    cursor,
    state,
    apart() {
      const { subscription } = replica.checkpoint;
      return leads || !subscription || subscription === parts.wanted ? undefined : new SyncError('invalid', APART);
    },
    pump: sender.pump,
    rest,
    ended: () => (connection.state.phase === 'refused' ? fault : undefined),
    stop() {
      unbind();
      rest();
    },
  };
}

/** Asks for everything from where it stands. @param wanted as it was at the beginning: the store is told that it holds this. */
function subscriptionFrom({ cursor, replay }: Following, wanted: string, deltas: boolean | undefined): object {
  const { seq: since = 0, ...proof } = cursor ?? {};
  const asked = JSON.parse(wanted) as object;
  return { type: 'subscribe', since, ...proof, compact: replay, ...(deltas && { deltas }), ...asked };
}

const APART = 'another tab keeps another `subscription`: give each a store with a `name` of its own';

const USURPED = 'the token is of another user: make a new client for each';
