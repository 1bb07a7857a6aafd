import type { SocketOptions } from '../config/module-options.js';
import type { LimitedLog } from '../http/limited-log.js';
import { AtomeError, type Principal } from '../protocol/index.js';
import { TokenBucket } from './token-bucket.js';

/** As many as so many connections may cost, of one principal and of one tenant: in a second, and at once. */
const PRINCIPAL = { perSecond: 5, burst: 20 };
const TENANT = { perSecond: 50, burst: 500 };

/** How long a message may be kept waiting before it is refused instead, in milliseconds. */
const MAX_WAIT_MS = 5_000;
/** Buckets above which those that are full again are forgotten. */
const MAX_BUCKETS = 1_024;

/**
 * Charges what messages cost to principals and tenants, over all of their connections. What each connection may send is
 * bounded by itself; a principal has many.
 */
export class CostLimiter {
  private readonly buckets = new Map<string, TokenBucket>();

  constructor(
    private readonly socket: Pick<SocketOptions, 'messagesPerSecond' | 'messageBurst'>,
    private readonly log: Pick<LimitedLog, 'warn'>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * Charges a message.
   * @returns milliseconds until it may be handled.
   * @throws AtomeError `rate_limited` where that is too long; nothing is charged then.
   */
  charge({ id, tenant }: Principal, cost: number): number {
    const now = this.now();
    const buckets = [this.bucket(`${tenant} ${id}`, PRINCIPAL), this.bucket(tenant, TENANT)];
    const wait = Math.max(...buckets.map((bucket) => bucket.waitFor(now, cost)));
    if (wait > MAX_WAIT_MS) throw this.refusal(`${tenant} ${id}`, wait);
    for (const bucket of buckets) bucket.take(now, cost);
    return wait;
  }

  private refusal(name: string, wait: number): AtomeError {
    const message =
      'the messages of all your connections together cost more than one may ask for (MESSAGES_PER_SECOND, MESSAGE_BURST); wait, then repeat';
    this.log.warn('cost', `a message of ${JSON.stringify(name)} was refused: ${message}`);
    return new AtomeError('rate_limited', message, { retryAfter: Math.ceil(wait) });
  }

  private bucket(name: string, { perSecond, burst }: typeof PRINCIPAL): TokenBucket {
    let bucket = this.buckets.get(name);
    if (!bucket) {
      if (this.buckets.size >= MAX_BUCKETS) this.forgetFull();
      const { messagesPerSecond, messageBurst } = this.socket;
      bucket = new TokenBucket(messagesPerSecond * perSecond, messageBurst * burst, this.now());
      this.buckets.set(name, bucket);
    }
    return bucket;
  }

  private forgetFull(): void {
    const now = this.now();
    for (const [name, bucket] of this.buckets) if (bucket.isFull(now)) this.buckets.delete(name);
  }
}
