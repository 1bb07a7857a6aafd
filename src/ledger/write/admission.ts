import { AtomeError } from '../../protocol/index.js';
import { WriteRate } from './quotas.js';
import type { WriteEnvironment } from './write-environment.js';

/** How many writes may wait at once: beyond, each would wait longer than its caller does. */
export const MAX_WAITING = { tenant: 20_000, all: 100_000 } as const;

/** When it is worth trying again, in milliseconds. */
const RETRY_MS = 1_000;

/** Lets writes in, as long as the writer is open, their tenant may write and there is room to wait. */
export class Admission {
  private readonly rate: WriteRate;
  private readonly waiting = new Map<string, number>();
  private allWaiting = 0;
  private isClosed = false;

  constructor(private readonly environment: Pick<WriteEnvironment, 'quotas' | 'now'>) {
    this.rate = new WriteRate(environment.quotas);
  }

  /**
   * Lets a write wait until it {@link leave}s.
   * @throws AtomeError `unavailable` when the server is going down or has no room; `rate_limited` when the tenant writes too often.
   */
  enter(tenant: string): void {
    if (this.isClosed) throw new AtomeError('unavailable', 'the server is going down; try again');
    const waiting = this.waiting.get(tenant) ?? 0;
    if (waiting >= MAX_WAITING.tenant || this.allWaiting >= MAX_WAITING.all) {
      const text = 'too many writes wait to be decided; send fewer at once, and try again';
      throw new AtomeError('unavailable', text, { retryAfter: RETRY_MS });
    }
    this.rate.take(tenant, this.environment.now());
    this.waiting.set(tenant, waiting + 1);
    this.allWaiting += 1;
  }

  /** @param more rows that the writes made besides one each: they are charged too. */
  leave(tenant: string, count: number, more: number): void {
    const waiting = this.waiting.get(tenant)! - count;
    if (waiting === 0) this.waiting.delete(tenant);
    else this.waiting.set(tenant, waiting);
    this.allWaiting -= count;
    if (more > 0) this.rate.charge(tenant, more, this.environment.now());
  }

  /** Charges a tenant for rows that its writes have come to since. */
  charge(tenant: string, rows: number): void {
    this.rate.charge(tenant, rows, this.environment.now());
  }

  /** Lets nothing in any more. */
  close(): void {
    this.isClosed = true;
  }
}
