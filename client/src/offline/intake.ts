import type { AtomeEvent, ErrorBody } from '../../../src/protocol/index.js';
import type { Emitter } from '../core/emitter.js';
import { refusal } from '../core/errors.js';
import type { Following } from '../core/ledger-follower.js';
import type { Changes, PendingWrite, StoredCursor } from '../storage/store.js';
import { changesOf } from './changes-of-events.js';
import { opIdOf } from './changes.js';
import type { Replica } from './replica.js';
import type { Stamps } from './stamps.js';
import type { WriteClock } from './write-clock.js';

/** What an intake works with. */
export interface IntakeParts {
  readonly replica: Replica;
  readonly clock: WriteClock;
  readonly emit: Emitter['emit'];
  /** The subscription, as JSON. */
  readonly wanted: string;
  /** Where the store stands, as far as it holds what is subscribed to. */
  readonly stored: () => StoredCursor | null;
}

/** Puts into a replica what the server says. */
export interface Intake {
  /** False when another tab has moved the checkpoint. */
  readonly isOurs: () => boolean;
  /** @returns where to follow from. */
  readonly begin: () => Following;
  /** Everything will be told: what is there is stale until it is. */
  readonly replayAll: () => Following;
  /** A part of a replay, which is shown as it comes. Where nothing else is there, it goes on after a restart. */
  readonly takeIn: (events: readonly AtomeEvent[], cursor: StoredCursor) => void;
  /** The replay is whole. */
  readonly complete: (cursor: StoredCursor) => void;
  /** What leads to the cursor; settles the writes whose effect is in it. */
  readonly advance: (changes: Changes, cursor: StoredCursor) => void;
  /** The first of these writes was refused, and the others need it. */
  readonly refused: (writes: readonly PendingWrite[], error: ErrorBody) => void;
}

export function createIntake({ replica, clock, emit, wanted, stored }: IntakeParts, stamps: Stamps): Intake {
  /** Atomes of before the replay that it has not told yet: they are gone when it is whole. */
  let stale = new Set<string>();
  /** The last checkpoint that was made or met here. */
  let last = replica.checkpoint;

  function commit(changes: Changes): void {
    void replica.commit(changes).catch(() => undefined);
    last = replica.checkpoint;
  }

  function replayAll(): Following {
    stale = new Set(replica.view.confirmed.keys());
    return { replay: true };
  }

  function advance(changes: Changes, cursor: StoredCursor): void {
    const told = new Set(changes.events?.map(opIdOf));
    const settled = [...replica.outbox.values()].filter(
      ({ write, ack }) => told.has(write.opId) || (ack && ack.seq <= cursor.seq),
    );
    const { checkpoint } = replica;
    const stamp = settled.findLast(({ hlc }) => hlc)?.hlc ?? checkpoint.stamp;
    commit({
      ...changes,
      settle: settled.map(({ write }) => write.opId),
      // a late copy of what was refused was taken after all
      dismiss: [...told].filter((opId) => replica.rejected.has(opId)),
      place: { ...checkpoint, subscription: wanted, cursor, partial: undefined, skewMs: clock.skewMs, stamp },
    });
    for (const { ack } of settled) {
      // what came of it is in no event that we may see
      if (ack?.superseded && !told.has(ack.opId)) {
        emit('sync:conflict', { atomeId: ack.atomeId, superseded: ack.superseded, alteration: null });
      }
    }
  }

  return {
    isOurs: () => replica.checkpoint === last,
    begin() {
      last = replica.checkpoint;
      clock.skewMs = last.skewMs;
      if (last.stamp) stamps.follow(last.stamp);
      const cursor = stored();
      if (cursor) return { cursor };
      const { partial, subscription } = last;
      if (!partial || subscription !== wanted) return replayAll();
      stale.clear();
      return { cursor: partial, replay: true };
    },
    replayAll,
    takeIn(events, cursor) {
      const changes = changesOf(events);
      for (const event of events) clock.saw(event);
      for (const { id } of changes.put!) stale.delete(id);
      for (const id of changes.remove!) stale.delete(id);
      const partial = stale.size > 0 ? undefined : cursor;
      commit({ ...changes, place: { ...replica.checkpoint, subscription: wanted, cursor: null, partial } });
    },
    complete: (cursor) => advance({ remove: [...stale] }, cursor),
    advance,
    refused(writes, error) {
      const rejectedAt = new Date().toISOString();
      const settle = writes.map(({ opId }) => opId);
      const needed = { ...NEEDED, details: { create: settle[0]! } };
      const reject = writes.map((operation, i) => ({ operation, error: i > 0 ? needed : error, rejectedAt }));
      commit({ settle, reject });
    },
  };
}

/** Why a write is refused that needs what another one would have made, which `details.create` names. */
const NEEDED = refusal('not_found', 'the create that it needs was refused', 404);
