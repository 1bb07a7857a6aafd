import { Lease } from '../../database/lease.js';
import type { SqlStore } from '../stores/sql.store.js';
import type { TenantLedger } from '../store.js';
import { CompactionError } from './archive.js';
import { lastBefore, type Before } from './before.js';
import { compactLedger, type Compacted, type CompactionParts } from './compact-ledger.js';
import { lastHolder, type Holder } from './holders.js';

/** How ledgers are compacted. */
export interface CompactorOptions extends Omit<CompactionParts, 'ledger' | 'lease' | 'keepOn'> {
  /** Whether consumers and webhooks that have not been told of what goes are passed over: they go on behind it. */
  readonly passesHolders?: boolean | undefined;
  /** How long a consumer that nobody runs counts; left out: always. */
  readonly consumersExpireMs?: number | undefined;
  /** Is awaited between transactions. */
  readonly keepOn?: (tenant: string, ...step: Parameters<NonNullable<CompactionParts['keepOn']>>) => Promise<void>;
}

/** What has come of one ledger, and who held the floor back. */
export interface CompactedLedger extends Compacted {
  readonly heldBy?: Holder;
  /** Why it was not compacted, or not to the end: it is not as it was written, or its archive is not. */
  readonly fault?: string;
}

/** Another process is at it. */
export class CompactionBusy extends CompactionError {}

/** How long one that was killed keeps others from it, in milliseconds. */
const LEASE_MS = 10_000;
const RENEW_MS = 3_000;
const DAY_MS = 86_400_000;
/** Answers to writes are known for twice as long as their alterations, and so long at least. */
const LEAST_KNOWN_MS = 90 * DAY_MS;
const FORGOTTEN_AT_ONCE = 1_000;
const SELECT_OLD_RECEIPT = 'SELECT 1 AS found FROM atome_receipts WHERE tenant = ? AND timestamp < ? LIMIT 1';

/** Up to where a ledger would be compacted. */
export async function compactionTarget(
  store: SqlStore,
  ledger: TenantLedger,
  before: Before,
  { passesHolders = false, consumersExpireMs = 0 }: Pick<CompactorOptions, 'passesHolders' | 'consumersExpireMs'> = {},
): Promise<{ readonly from: number; readonly upTo: number; readonly heldBy?: Holder }> {
  const from = (await ledger.audit.floor())?.seq ?? 0;
  const head = (await ledger.write.head())?.seq ?? 0;
  const wanted = await lastBefore(store, ledger.tenant, before, { floor: from, upTo: head });
  const upTo = Math.max(from, Math.min(wanted, head - 1));
  const holder = passesHolders ? undefined : await lastHolder(store, ledger.tenant, consumersExpireMs);
  if (!holder || holder.seq >= upTo) return { from, upTo };
  return { from, upTo: Math.max(from, holder.seq), heldBy: holder };
}

/** Compacts the ledgers of a database, one process at a time. */
export class Compactor {
  private readonly lease: Lease;
  private leasedAt = 0;

  constructor(
    private readonly store: SqlStore,
    private readonly options: CompactorOptions,
  ) {
    this.lease = new Lease(store, '$compaction');
  }

  /** Yields what has come of each ledger. @throws CompactionBusy where another process is at it. */
  async *run(tenants: readonly string[], before: Before): AsyncGenerator<CompactedLedger> {
    await this.keepLease();
    try {
      for (const tenant of tenants) yield await this.tried(this.store.ledger(tenant), before);
    } finally {
      this.leasedAt = 0;
      await this.lease.release();
    }
  }

  /** One that is not sound keeps none of the others. */
  private async tried(ledger: TenantLedger, before: Before): Promise<CompactedLedger> {
    try {
      return await this.compact(ledger, before);
    } catch (error) {
      if (!(error instanceof CompactionError) || error instanceof CompactionBusy) throw error;
      const floor = (await ledger.audit.floor())?.seq ?? 0;
      return { tenant: ledger.tenant, floor, archived: 0, fault: error.message };
    }
  }

  private async compact(ledger: TenantLedger, before: Before): Promise<CompactedLedger> {
    const { tenant } = ledger;
    const { passesHolders, consumersExpireMs, keepOn, ...parts } = this.options;
    const holding = { passesHolders, consumersExpireMs };
    const { upTo, heldBy } = await compactionTarget(this.store, ledger, before, holding);
    const compacted = await compactLedger(
      {
        ...parts,
        ledger,
        lease: this.lease,
        keepOn: async (...step) => {
          await keepOn?.(tenant, ...step);
          await this.keepLease();
        },
      },
      upTo,
    );
    await this.forget(ledger);
    return heldBy ? { ...compacted, heldBy } : compacted;
  }

  /** Receipts would be more with every write. */
  private async forget(ledger: TenantLedger): Promise<void> {
    const { tenant } = ledger;
    const floor = await ledger.audit.floor();
    if (!floor) return;
    const now = this.store.clock.now();
    const known = Math.max(2 * (now - Date.parse(floor.timestamp)), LEAST_KNOWN_MS);
    const before = new Date(now - known).toISOString();
    const forgets = { before, limit: FORGOTTEN_AT_ONCE };
    while ((await this.store.query(tenant, SELECT_OLD_RECEIPT, [tenant, before])).length > 0) {
      await ledger.write.commit({ atomeIds: [], ops: [] }, ({ head }) => ({
        additions: { head, alterations: [], atomes: [], receipts: [], compaction: { forgets } },
      }));
      await this.keepLease();
    }
  }

  private async keepLease(): Promise<void> {
    const now = performance.now();
    if (this.leasedAt > 0 && now - this.leasedAt < RENEW_MS) return;
    if (!(await this.lease.take(LEASE_MS)))
      throw new CompactionBusy(
        'another process is compacting, or was killed at it a moment ago: try again in ten seconds',
      );
    this.leasedAt = now;
  }
}
