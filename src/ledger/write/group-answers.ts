/** The answers to the groups of a tenant, in their order: those of one may wait until the next is on its way. */
export class GroupAnswers {
  private pending: (() => void) | undefined;

  get isPending(): boolean {
    return this.pending !== undefined;
  }

  /** @param isLater whether other work of this turn goes first. */
  give(answer: () => void, isLater: boolean): void {
    this.flush();
    if (!isLater) {
      answer();
      return;
    }
    this.pending = answer;
    setImmediate(() => {
      if (this.pending === answer) this.flush();
    });
  }

  /** Gives those that wait. */
  flush(): void {
    const { pending } = this;
    this.pending = undefined;
    pending?.();
  }
}
