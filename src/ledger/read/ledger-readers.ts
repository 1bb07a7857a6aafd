import type { HeadRow } from '../rows.js';
import type { LedgerStore } from '../store.js';
import { LedgerReader } from './ledger-reader.js';

/** The ledgers of all tenants as they are read. */
export class LedgerReaders {
  constructor(private readonly store: Pick<LedgerStore, 'ledger' | 'heads'>) {}

  of(tenant: string): LedgerReader {
    return new LedgerReader(this.store.ledger(tenant));
  }

  /** The heads of those tenants that have a ledger. */
  heads(tenants: readonly string[]): Promise<Map<string, HeadRow>> {
    return this.store.heads(tenants);
  }
}
