import type { Waiting } from '../auth/admission/fair-slots.js';
import { askerOf, type ReadSlots } from '../auth/admission/read-slots.js';
import { LedgerReader } from '../ledger/read/ledger-reader.js';
import type { LedgerStore, TenantLedger } from '../ledger/store.js';
import type { Principal } from '../protocol/index.js';
import { AdmittedLedger, type Admit } from './admitted-ledger.js';

/** The ledger as somebody reads it: each of their reads takes a slot, whichever way they came. */
export class LedgerReads {
  constructor(
    private readonly store: LedgerStore,
    private readonly slots: ReadSlots,
  ) {}

  /** The ledger of somebody's tenant. */
  ledgerOf(principal: Principal, waiting?: Waiting): TenantLedger {
    return new AdmittedLedger(this.store.ledger(principal.tenant), this.admission(principal, waiting));
  }

  /** As {@link ledgerOf}, with what can be read out of it. */
  readerOf(principal: Principal, waiting?: Waiting): LedgerReader {
    const { store } = this;
    const admit = this.admission(principal, waiting);
    return new LedgerReader({
      ledger: (tenant) => new AdmittedLedger(store.ledger(tenant), admit),
      heads: (tenants) => store.heads(tenants),
    });
  }

  private admission(principal: Principal, waiting?: Waiting): Admit {
    const { light, heavy } = this.slots;
    const asker = askerOf(principal, waiting);
    return {
      light: (read) => light.use(asker, read),
      heavy: (read) => heavy.use(asker, read),
    };
  }
}
