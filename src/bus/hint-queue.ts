import type { Hint } from './messages.js';

/** Of one tenant no more than one hint goes out in this time, in milliseconds. */
const HINT_MS = 5;

/** The hints that are still to be sent: of each tenant the newest alone, and one sending at a time. */
export class HintQueue {
  private readonly newest = new Map<string, Hint>();
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<void> | undefined;
  private sentAt = -Infinity;

  /** @param send never rejects. */
  constructor(private readonly send: (hints: readonly Hint[]) => Promise<void>) {}

  add(hint: Hint): void {
    const { tenant, seq } = hint;
    if (seq > (this.newest.get(tenant)?.seq ?? 0)) this.newest.set(tenant, hint);
    this.schedule();
  }

  clear(): void {
    this.newest.clear();
  }

  /** Sends what there is at once; resolves when it has gone out. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.sending;
    if (this.newest.size === 0) return;
    const hints = [...this.newest.values()];
    this.newest.clear();
    this.sentAt = performance.now();
    this.sending = this.send(hints).finally(() => {
      this.sending = undefined;
      if (this.newest.size > 0) this.schedule();
    });
    await this.sending;
  }

  private schedule(): void {
    if (this.sending || this.timer) return;
    const waitMs = this.sentAt + HINT_MS - performance.now();
    if (waitMs <= 0) void this.flush();
    else this.timer = setTimeout(() => void this.flush(), waitMs);
  }
}
