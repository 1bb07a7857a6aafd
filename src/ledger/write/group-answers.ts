import { AtomeError } from '../../protocol/index.js';
import type { Outcome } from '../outcome.js';

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

/** What came of one of several. @throws what is no refusal. */
export function outcomeOf(settled: PromiseSettledResult<Outcome>): Outcome | AtomeError {
  if (settled.status === 'fulfilled') return settled.value;
  if (settled.reason instanceof AtomeError) return settled.reason;
  throw settled.reason;
}
