import { AtomeError } from '../../protocol/index.js';
import type { HeadRow } from '../rows.js';

/** What one tenant may use; 0: as much as it likes. */
export interface Quotas {
  /** Writes in a second, at all servers together that hear each other. */
  readonly writesPerSecond: number;
  /** How many writes may come at once. */
  readonly writeBurst: number;
  /** Atomes that are not deleted. */
  readonly atomes: number;
  /** Bytes of text: the atomes as they are, and all that the ledger keeps of their past and of the answers to writes. */
  readonly bytes: number;
}

export const NO_QUOTAS: Quotas = { writesPerSecond: 0, writeBurst: 1_000, atomes: 0, bytes: 0 };

/** What a ledger holds, as its head counts it. */
export type StoredTotals = Pick<HeadRow, 'atomes' | 'bytes'>;

/** When it is worth asking again whether something was deleted or the quota was raised, in milliseconds. */
const RETRY_MS = 60_000;

/** @throws AtomeError `quota_exceeded` when a write would take a ledger beyond what it may hold. */
export function assertWithinQuotas(quotas: Quotas, before: StoredTotals, after: StoredTotals): void {
  for (const quota of ['atomes', 'bytes'] as const) {
    const limit = quotas[quota];
    if (limit === 0 || after[quota] <= limit || after[quota] <= before[quota]) continue;
    throw new AtomeError(
      'quota_exceeded',
      `the tenant may hold ${limit} ${quota} and would hold ${after[quota]}; delete what is not needed, or have the quota raised`,
      { quota, limit, used: before[quota], retryAfter: RETRY_MS },
    );
  }
}

/** Names above which those that owe nothing are forgotten. */
const MANY = 1_024;

/** Allows each name, such as a tenant, a rate with bursts (GCRA): for each it remembers one time, when all that it wrote is paid off. */
export class WriteRate {
  private readonly paidOff = new Map<string, number>();
  private forgetAt = MANY;

  constructor(private readonly quotas: Pick<Quotas, 'writesPerSecond' | 'writeBurst'>) {}

  /** Milliseconds until one more write is allowed; 0 when it is. */
  waitFor(name: string, now: number): number {
    const { writesPerSecond, writeBurst } = this.quotas;
    if (writesPerSecond === 0) return 0;
    const due = Math.max(now, this.paidOff.get(name) ?? 0);
    return Math.max(0, Math.ceil(due - now - (writeBurst - 1) * (1_000 / writesPerSecond)));
  }

  /** Takes writes, allowed or not. */
  charge(name: string, writes: number, now: number): void {
    const { writesPerSecond } = this.quotas;
    if (writesPerSecond === 0) return;
    if (this.paidOff.size >= this.forgetAt) this.forgetPaidOff(now);
    this.paidOff.set(name, Math.max(now, this.paidOff.get(name) ?? 0) + (writes * 1_000) / writesPerSecond);
  }

  private forgetPaidOff(now: number): void {
    for (const [name, due] of this.paidOff) if (due <= now) this.paidOff.delete(name);
    this.forgetAt = Math.max(MANY, 2 * this.paidOff.size);
  }
}
