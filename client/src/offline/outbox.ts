import type { Ack, ErrorBody, Hlc } from '../../../src/protocol/index.js';
import type { PendingWrite } from '../storage/store.js';

/** An own write that the server has not confirmed, and how far it has got. */
export interface Pending {
  readonly write: PendingWrite;
  /** False while the store has not kept it; until then it must not be sent. */
  saved: boolean;
  /** Its stamp, from when it was first sent: a repetition is not younger than its original. */
  hlc?: Hlc;
  /** When it was sent over the connection that there is, by the monotonic clock; null where it was not. */
  sentAt: number | null;
  /** What the ledger that is being read has said of it. */
  ack?: Ack | undefined;
  /** Refused before an earlier write to the same atome was answered: it may yet be taken. */
  held?: boolean;
  /** Why the server has put it off. */
  fault?: ErrorBody;
  /** How often it has. */
  faults: number;
  /** Not to be sent before, by the monotonic clock. */
  dueAt: number;
}

/** The own writes that the server has not confirmed, in the order of their names. What is durable of it lies in the store. */
export interface Outbox extends ReadonlyMap<string, Pending> {
  /** Those to one atome, oldest first. */
  of(atomeId: string): readonly Pending[];
  add(write: PendingWrite, saved: boolean): void;
  /** The store has kept it. */
  readonly isSaved: (write: PendingWrite) => void;
  /** Removes one. */
  take(opId: string): Pending | undefined;
}

export function createOutbox(): Outbox {
  const pending = new Map<string, Pending>();
  const byAtome = new Map<string, readonly Pending[]>();
  const of = (atomeId: string): readonly Pending[] => byAtome.get(atomeId) ?? [];
  /** No opId in it is larger. */
  let newest = '';

  return Object.assign(pending, {
    of,
    add(write: PendingWrite, saved: boolean) {
      // one that comes again stays where it is: what follows it may need it
      const known = pending.get(write.opId);
      if (known) {
        known.saved ||= saved;
        return;
      }
      const added = { write, saved, sentAt: null, faults: 0, dueAt: 0 };
      const isLate = write.opId < newest;
      const younger = isLate ? [...pending].filter(([opId]) => opId > write.opId) : [];
      pending.set(write.opId, added);
      // a write that was found later must not win over those that were made after it
      for (const [opId, each] of younger) {
        pending.delete(opId);
        pending.set(opId, each);
      }
      const all = [...of(write.atomeId), added];
      if (isLate) all.sort((a, b) => (a.write.opId < b.write.opId ? -1 : 1));
      else newest = write.opId;
      byAtome.set(write.atomeId, all);
    },
    isSaved({ opId }: PendingWrite) {
      const found = pending.get(opId);
      if (found) found.saved = true;
    },
    take(opId: string) {
      const found = pending.get(opId);
      if (!found) return undefined;
      const { atomeId } = found.write;
      pending.delete(opId);
      const rest = of(atomeId).filter((each) => each !== found);
      if (rest.length) byAtome.set(atomeId, rest);
      else byAtome.delete(atomeId);
      return found;
    },
  });
}
