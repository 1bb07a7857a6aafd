import type { PendingWrite } from '../store/store.js';

/** The own writes that the server has not confirmed, in their order. What is durable of it lies in the store. */
export class Outbox implements Iterable<PendingWrite> {
  private readonly writes = new Map<string, PendingWrite>();
  private readonly byAtome = new Map<string, PendingWrite[]>();
  /** Writes that the store has not kept yet, and which therefore must not be sent. */
  private readonly unsaved = new Set<string>();

  get size(): number {
    return this.writes.size;
  }

  [Symbol.iterator](): Iterator<PendingWrite> {
    return this.writes.values();
  }

  get(opId: string): PendingWrite | undefined {
    return this.writes.get(opId);
  }

  /** Those to one atome, oldest first. */
  of(atomeId: string): readonly PendingWrite[] {
    return this.byAtome.get(atomeId) ?? [];
  }

  atomeIds(): Iterable<string> {
    return this.byAtome.keys();
  }

  add(write: PendingWrite, saved: boolean): void {
    this.take(write.opId);
    this.writes.set(write.opId, write);
    this.byAtome.set(write.atomeId, [...this.of(write.atomeId), write]);
    if (!saved) this.unsaved.add(write.opId);
  }

  saved(opId: string): void {
    this.unsaved.delete(opId);
  }

  isSaved(opId: string): boolean {
    return !this.unsaved.has(opId);
  }

  /** Removes one. */
  take(opId: string): PendingWrite | undefined {
    const write = this.writes.get(opId);
    if (!write) return undefined;
    this.writes.delete(opId);
    this.unsaved.delete(opId);
    const rest = this.of(write.atomeId).filter((each) => each !== write);
    if (rest.length > 0) this.byAtome.set(write.atomeId, rest);
    else this.byAtome.delete(write.atomeId);
    return write;
  }
}
