interface Waiting {
  readonly resolve: () => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * A bounded number of slots. Those who wait for one, by scope, take turns, and no scope has all of them: what one asks too
 * much of waits for itself.
 */
export class ScopedSlots {
  private readonly held = new Map<string, number>();
  private readonly waiting = new Map<string, Waiting[]>();
  private readonly perScope: number;

  /**
   * @param free how many there are.
   * @param waitMs how long one may be waited for, in milliseconds.
   * @param late makes the error of whoever has waited for too long.
   */
  constructor(
    private free: number,
    private readonly waitMs: number,
    private readonly late: () => Error,
  ) {
    this.perScope = Math.max(1, free - 1);
  }

  /** To be given back with {@link release}. */
  async acquire(scope: string): Promise<void> {
    if (this.isOpenTo(scope)) return this.take(scope);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.leave(scope, waiting);
        reject(this.late());
      }, this.waitMs);
      const waiting = { resolve, timer };
      const queue = this.waiting.get(scope);
      if (queue) queue.push(waiting);
      else this.waiting.set(scope, [waiting]);
    });
  }

  /** As {@link acquire}, without waiting. @returns whether there was one. */
  acquireNow(scope: string): boolean {
    const isOpen = this.isOpenTo(scope);
    if (isOpen) this.take(scope);
    return isOpen;
  }

  release(scope: string): void {
    this.free += 1;
    const left = this.held.get(scope)! - 1;
    if (left > 0) this.held.set(scope, left);
    else this.held.delete(scope);
    for (const [next, queue] of this.waiting) {
      if (!this.isOpenTo(next)) continue;
      const waiting = queue[0]!;
      this.leave(next, waiting);
      // the last in the row is the next to have its turn again
      if (queue.length > 0) this.waiting.delete(next);
      if (queue.length > 0) this.waiting.set(next, queue);
      clearTimeout(waiting.timer);
      this.take(next);
      waiting.resolve();
      return;
    }
  }

  /** How many wait, of all scopes. */
  get waitingCount(): number {
    let count = 0;
    for (const waiting of this.waiting.values()) count += waiting.length;
    return count;
  }

  private isOpenTo(scope: string): boolean {
    return this.free > 0 && (this.held.get(scope) ?? 0) < this.perScope;
  }

  private take(scope: string): void {
    this.free -= 1;
    this.held.set(scope, (this.held.get(scope) ?? 0) + 1);
  }

  private leave(scope: string, waiting: Waiting): void {
    const queue = this.waiting.get(scope)!;
    queue.splice(queue.indexOf(waiting), 1);
    if (queue.length === 0) this.waiting.delete(scope);
  }
}
