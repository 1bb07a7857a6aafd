import { getHeapStatistics } from 'node:v8';

/** How many bytes may be held. */
export interface ByteLimits {
  /** In all. */
  readonly bytes: number;
  /** Of one caller. */
  readonly bytesPerCaller: number;
}

/** An eighth of what the heap may have, so that what is held never ends the process; and a quarter of that for one caller. */
export function defaultByteLimits(): ByteLimits {
  const bytes = Math.floor(getHeapStatistics().heap_size_limit / 8);
  return { bytes, bytesPerCaller: Math.floor(bytes / 4) };
}

/** Counts bytes that are held for callers, in all and of each. */
export class ByteBudget {
  private readonly callers = new Map<string, number>();
  private bytes = 0;

  constructor(private readonly limits: ByteLimits) {}

  hold(caller: string, bytes: number): void {
    this.bytes += bytes;
    this.callers.set(caller, (this.callers.get(caller) ?? 0) + bytes);
  }

  release(caller: string, bytes: number): void {
    this.bytes -= bytes;
    const left = (this.callers.get(caller) ?? 0) - bytes;
    if (left > 0) this.callers.set(caller, left);
    else this.callers.delete(caller);
  }

  /** Which bound is exceeded, in words; undefined while none is. */
  excess(caller: string): string | undefined {
    if (this.bytes > this.limits.bytes) return `more than ${this.limits.bytes} bytes of all callers are held`;
    const own = this.callers.get(caller) ?? 0;
    const isOver = own > this.limits.bytesPerCaller;
    return isOver ? `more than ${this.limits.bytesPerCaller} bytes of one caller are held` : undefined;
  }
}
