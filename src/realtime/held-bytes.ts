import type { ByteBudget } from '../http/byte-budget.js';

/** What halves of messages are charged to. */
export interface HalfMessageCharge {
  readonly budget: Pick<ByteBudget, 'hold' | 'release' | 'excess'>;
  /** Whose they are. */
  readonly caller: () => string;
  /** Too much is held. */
  readonly onExcess: (why: string) => void;
}

/** The bytes of one message that are charged to whoever sends it. */
export class HeldBytes {
  private held = 0;
  /** Who sent the first of them: they may have become somebody else since. */
  private by = '';

  constructor(private readonly charge: HalfMessageCharge) {}

  /** So many are held by now. */
  growTo(bytes: number): void {
    if (bytes <= this.held) return;
    const { budget, caller, onExcess } = this.charge;
    if (this.held === 0) this.by = caller();
    budget.hold(this.by, bytes - this.held);
    this.held = bytes;
    const excess = budget.excess(this.by);
    if (excess !== undefined) onExcess(excess);
  }

  /** None are held any more. */
  release(): void {
    if (this.held === 0) return;
    this.charge.budget.release(this.by, this.held);
    this.held = 0;
  }
}
