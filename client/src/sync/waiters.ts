/** Promises that resolve when something has become true. */
export class Waiters {
  private waiting: {
    readonly isSo: () => boolean;
    readonly resolve: () => void;
    readonly reject: (why: Error) => void;
  }[] = [];
  private ended: Error | undefined;

  until(isSo: () => boolean): Promise<void> {
    if (isSo()) return Promise.resolve();
    if (this.ended) return Promise.reject(this.ended);
    return new Promise((resolve, reject) => void this.waiting.push({ isSo, resolve, reject }));
  }

  /** Something may have become true. */
  check(): void {
    const { waiting } = this;
    this.waiting = waiting.filter(({ isSo }) => !isSo());
    waiting.filter((each) => !this.waiting.includes(each)).forEach(({ resolve }) => resolve());
  }

  /** Nothing will become true any more. */
  end(why: Error): void {
    this.ended = why;
    this.waiting.splice(0).forEach(({ reject }) => reject(why));
  }
}
