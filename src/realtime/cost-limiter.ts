import { TokenBuckets } from '../auth/admission/token-buckets.js';
import type { SocketOptions } from '../config/module-options.js';
import type { LimitedLog } from '../http/limited-log.js';
import { AtomeError, type Principal } from '../protocol/index.js';

/** As many as so many connections may cost, of one principal and of one tenant: in a second, and at once. */
const PRINCIPAL = { perSecond: 5, burst: 20 };
const TENANT = { perSecond: 50, burst: 500 };

/** How long a message may be kept waiting before it is refused instead, in milliseconds. */
const MAX_WAIT_MS = 5_000;

/**
 * Charges what messages cost to principals and tenants, over all of their connections. What each connection may send is
 * bounded by itself; a principal has many.
 */
export class CostLimiter {
  private readonly principals: TokenBuckets;
  private readonly tenants: TokenBuckets;

  constructor(
    { messagesPerSecond, messageBurst }: Pick<SocketOptions, 'messagesPerSecond' | 'messageBurst'>,
    private readonly log: Pick<LimitedLog, 'warn'>,
    private readonly now: () => number = () => performance.now(),
  ) {
    const bucketsOf = ({ perSecond, burst }: typeof PRINCIPAL): TokenBuckets =>
      new TokenBuckets(messagesPerSecond * perSecond, messageBurst * burst);
    this.principals = bucketsOf(PRINCIPAL);
    this.tenants = bucketsOf(TENANT);
  }

  /**
   * Charges a message.
   * @returns milliseconds until it may be handled.
   * @throws AtomeError `rate_limited` where that is too long; nothing is charged then.
   */
  charge({ id, tenant }: Principal, cost: number): number {
    const now = this.now();
    const buckets = [this.principals.of(`${tenant} ${id}`, now), this.tenants.of(tenant, now)];
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
}
