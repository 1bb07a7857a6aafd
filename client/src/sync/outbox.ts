import type { PendingWrite } from '../store/store.js';

/** The own writes that the server has not confirmed, in their order. What is durable of it lies in the store. */
export interface Outbox {
  readonly size: number;
  all(): Iterable<PendingWrite>;
  get(opId: string): PendingWrite | undefined;
  /** Those to one atome, oldest first. */
  of(atomeId: string): readonly PendingWrite[];
  atomeIds(): Iterable<string>;
  /** @param saved false for one that the store has not kept yet, and which therefore must not be sent. */
  add(write: PendingWrite, saved: boolean): void;
  saved(opId: string): void;
  isSaved(opId: string): boolean;
  /** Removes one. */
  take(opId: string): void;
}

export function createOutbox(): Outbox {
  const writes = new Map<string, PendingWrite>();
  const byAtome = new Map<string, readonly PendingWrite[]>();
  const unsaved = new Set<string>();
  const of = (atomeId: string): readonly PendingWrite[] => byAtome.get(atomeId) ?? [];

  function take(opId: string): void {
    const write = writes.get(opId);
    if (!write) return;
    const { atomeId } = write;
    writes.delete(opId);
    unsaved.delete(opId);
    const rest = of(atomeId).filter((each) => each !== write);
    if (rest.length > 0) byAtome.set(atomeId, rest);
    else byAtome.delete(atomeId);
  }

  return {
    get size() {
      return writes.size;
    },
    all: () => writes.values(),
    get: (opId) => writes.get(opId),
    of,
    atomeIds: () => byAtome.keys(),
    add(write, saved) {
      const { opId, atomeId } = write;
      take(opId);
      writes.set(opId, write);
      byAtome.set(atomeId, [...of(atomeId), write]);
      if (!saved) unsaved.add(opId);
    },
    saved: (opId) => void unsaved.delete(opId),
    isSaved: (opId) => !unsaved.has(opId),
    take,
  };
}
