import type { MemoryBudget, MemoryHolder } from '../auth/admission/memory-budget.js';

/** How many bytes may be held. */
export interface ByteLimits {
  /** In all. */
  readonly bytes: number;
  /** Of one caller. */
  readonly bytesPerCaller: number;
}

/** Half of what may be held of everything, and a quarter of that for one caller. */
function limitsWithin({ limit }: MemoryBudget): ByteLimits {
  return { bytes: Math.floor(limit / 2), bytesPerCaller: Math.floor(limit / 8) };
}

/** A budget for one kind of bytes within that of everything. */
export function byteBudgetWithin(memory: MemoryBudget, name: string): ByteBudget {
  const budget = new ByteBudget(limitsWithin(memory), memory, name);
  memory.register(budget);
  return budget;
}

/** Counts bytes that are held for callers, in all and of each. */
export class ByteBudget implements MemoryHolder {
  private readonly callers = new Map<string, number>();
  private held = 0;

  /** @param memory the budget of everything, of which this is a part. */
  constructor(
    private readonly limits: ByteLimits,
    private readonly memory?: Pick<MemoryBudget, 'hasRoom' | 'excess'>,
    readonly name = 'bytes',
  ) {}

  get bytes(): number {
    return this.held;
  }

  hold(caller: string, bytes: number): void {
    this.held += bytes;
    this.callers.set(caller, (this.callers.get(caller) ?? 0) + bytes);
  }

  release(caller: string, bytes: number): void {
    this.held -= bytes;
    const left = (this.callers.get(caller) ?? 0) - bytes;
    if (left > 0) this.callers.set(caller, left);
    else this.callers.delete(caller);
  }

  /** Which bound is exceeded, in words; undefined while none is. */
  excess(caller: string): string | undefined {
    if (this.held > this.limits.bytes) return `more than ${this.limits.bytes} bytes of all callers are held`;
    const own = this.callers.get(caller) ?? 0;
    const isOver = own > this.limits.bytesPerCaller;
    if (isOver) return `more than ${this.limits.bytesPerCaller} bytes of one caller are held`;
    return this.memory && !this.memory.hasRoom() ? this.memory.excess : undefined;
  }
}
