import type { RangeFrame, Subscribed, SyncLive, SyncReset, WholeFrame } from '../../../src/protocol/index.js';
import { decideFrame } from '../../../src/protocol/messages/range.js';
import type { StoredCursor } from '../storage/store.js';

/*
 * How a client follows a ledger, as values: `follow` says where a message leads, and what it tells. Each event is told
 * once and in order, whatever the connection does. Used online, where one begins at the head, and offline, where what
 * cannot be continued is replayed from the beginning.
 */

/** Where a follower stands. */
export interface Following {
  /** Up to where everything was told; undefined before the first `subscribed`. */
  readonly cursor?: StoredCursor | undefined;
  /** What the server has said of our rights, for the next `subscribe`. */
  readonly rights?: string | undefined;
  /** All is being told from the beginning; undefined where the cursor continues what is kept. */
  readonly replay?: true | undefined;
}

/** What a message has led to. */
export interface Followed<Frame extends RangeFrame = WholeFrame> {
  readonly now: Following;
  /** New alterations. */
  readonly events?: Frame['events'];
  /** The replay is complete. */
  readonly whole?: true;
  /** Something is missing: subscribe again from the cursor. */
  readonly again?: true;
}

/** @param keeps whether what the ledger holds is kept here: then a reset leads to a replay, else to the head. */
export function follow<Frame extends RangeFrame = WholeFrame>(
  before: Following,
  message: Subscribed | Frame | SyncLive | SyncReset,
  keeps = false,
): Followed<Frame> {
  const { cursor, rights, replay } = before;
  switch (message.type) {
    case 'subscribed': {
      const { epoch, from: seq, rights } = message;
      return { now: { cursor: cursor ?? { epoch, seq }, rights, replay } };
    }
    case 'events': {
      const events = cursor && decideFrame(cursor.seq, message);
      if (!events) break;
      if (events === 'missing') return { now: before, again: true };
      return { now: { cursor: { ...cursor, seq: message.to, hash: message.hash, rights }, rights, replay }, events };
    }
    case 'sync:live':
      if (replay) return { now: { cursor, rights }, whole: true };
      break;
    case 'sync:reset':
      return { now: keeps ? { replay: true } : { cursor: { epoch: message.epoch, seq: message.head } }, again: true };
  }
  return { now: before };
}
