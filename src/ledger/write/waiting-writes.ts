import type { Outcome, WriteOrigin } from '../outcome.js';
import { groupSize } from './group-size.js';
import type { PreparedMutation } from './prepared-mutation.js';

/** A write that was let in, and is not decided. */
export interface QueuedWrite {
  readonly mutation: PreparedMutation;
  readonly chars: number;
  readonly origin: WriteOrigin;
  /** With how many behind it, itself included, it is written, or none of them; 0: it stands for itself. */
  readonly atomic: number;
  /** When it came; 0 where nobody measures. */
  readonly cameAt: number;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The writes of a tenant that wait, in their order. Those of principals who rest for what they have altered wait apart, so that
 * nobody else of the tenant waits for that; then they stand behind the others, each principal's in the order they came.
 */
export class WaitingWrites {
  private ready: QueuedWrite[];
  private apart: QueuedWrite[] = [];
  private readonly resting = new Set<string>();
  private restsUntil = 0;
  private wake: () => void = () => undefined;

  constructor(...writes: QueuedWrite[]) {
    this.ready = writes;
  }

  /** Whether there is nothing, and nobody rests. */
  get isEmpty(): boolean {
    return this.ready.length + this.apart.length + this.resting.size === 0;
  }

  push(write: QueuedWrite): void {
    if (this.isResting(write)) {
      this.apart.push(write);
      return;
    }
    this.ready.push(write);
    this.wake();
  }

  /** What was taken and not decided comes first again. */
  putBack(writes: readonly QueuedWrite[]): void {
    this.ready.unshift(...writes.filter((write) => !this.isResting(write)));
    this.apart.unshift(...writes.filter((write) => this.isResting(write)));
  }

  /** The next group; empty where nobody has anything but those who rest. */
  take(): QueuedWrite[] {
    if (this.restsUntil <= performance.now()) this.endRest();
    return this.ready.length === 0 ? [] : this.ready.splice(0, groupSize(this.ready));
  }

  /** Has principals rest, with those who do already; at a time that has passed they only go behind the others. */
  rest(principals: Iterable<string>, until: number): void {
    for (const id of principals) this.resting.add(id);
    this.restsUntil = Math.max(this.restsUntil, until);
    const waiting = this.ready;
    this.ready = [];
    for (const write of waiting) (this.isResting(write) ? this.apart : this.ready).push(write);
  }

  endRest(): void {
    this.restsUntil = 0;
    this.resting.clear();
    for (const write of this.apart) this.ready.push(write);
    this.apart = [];
    this.wake();
  }

  /** Resolves when there may be a group. */
  async someReady(): Promise<void> {
    if (this.ready.length > 0 || this.resting.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      timer = setTimeout(resolve, this.restsUntil - performance.now());
    });
    clearTimeout(timer);
    this.wake = () => undefined;
  }

  private isResting({ origin }: QueuedWrite): boolean {
    return this.resting.has(origin.principal.id);
  }
}
