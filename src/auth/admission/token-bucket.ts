/** Allows a rate with bursts. It never refuses: it tells how long to wait until the debt is paid. */
export class TokenBucket {
  private tokens: number;
  private filledAt: number;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    now: number,
  ) {
    this.tokens = burst;
    this.filledAt = now;
  }

  /** Takes tokens. @returns milliseconds until they are there; 0 when they are. */
  take(now: number, tokens = 1): number {
    const wait = this.waitFor(now, tokens);
    this.tokens -= tokens;
    return wait;
  }

  /** Milliseconds until so many tokens are there, without taking them. */
  waitFor(now: number, tokens: number): number {
    this.fill(now);
    const missing = tokens - this.tokens;
    return missing <= 0 ? 0 : Math.ceil((missing / this.perSecond) * 1000);
  }

  isFull(now: number): boolean {
    this.fill(now);
    return this.tokens >= this.burst;
  }

  private fill(now: number): void {
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.filledAt) / 1000) * this.perSecond);
    this.filledAt = now;
  }
}
