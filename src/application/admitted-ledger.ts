import type { AtomeHeaderRow } from '../ledger/rows.js';
import type { AuditQuery } from '../ledger/audit-trail.js';
import type {
  IdPage,
  LedgerAlterations,
  LedgerAtomes,
  LedgerAudit,
  LedgerWrites,
  ListQuery,
  SeqPage,
  TenantLedger,
  VersionRange,
} from '../ledger/store.js';

type Run = <T>(read: () => Promise<T>) => Promise<T>;

/** Lets a read begin when it is its turn. */
export interface Admit {
  readonly light: Run;
  readonly heavy: Run;
}

/** A ledger each read of which waits for its turn; what a read costs is decided here, and nowhere else. */
export class AdmittedLedger implements TenantLedger {
  constructor(
    private readonly ledger: TenantLedger,
    private readonly admit: Admit,
  ) {}

  get tenant(): string {
    return this.ledger.tenant;
  }

  /** The head is one row, and writes have a queue of their own. */
  get write(): LedgerWrites {
    return this.ledger.write;
  }

  get atomes(): LedgerAtomes {
    return new AdmittedAtomes(this.ledger.atomes, this.admit);
  }

  get alterations(): LedgerAlterations {
    return new AdmittedAlterations(this.ledger.alterations, this.admit);
  }

  get audit(): LedgerAudit {
    return new AdmittedAudit(this.ledger.audit, this.admit);
  }
}

class AdmittedAtomes implements LedgerAtomes {
  constructor(
    private readonly atomes: LedgerAtomes,
    private readonly admit: Admit,
  ) {}

  get(id: string, check?: (row: AtomeHeaderRow) => void) {
    return this.admit.light(() => this.atomes.get(id, check));
  }

  some(ids: readonly string[]) {
    return this.admit.light(() => this.atomes.some(ids));
  }

  headers(ids: readonly string[]) {
    return this.admit.light(() => this.atomes.headers(ids));
  }

  list(query: ListQuery, bytes?: number) {
    // no index serves a search: it walks over all that there is
    const isHeavy = query.search !== undefined;
    return this.admit[isHeavy ? 'heavy' : 'light'](() => this.atomes.list(query, bytes));
  }

  count(query: ListQuery) {
    return this.admit.heavy(() => this.atomes.count(query));
  }

  after(page: IdPage) {
    return this.admit.heavy(() => this.atomes.after(page));
  }
}

class AdmittedAlterations implements LedgerAlterations {
  constructor(
    private readonly alterations: LedgerAlterations,
    private readonly admit: Admit,
  ) {}

  page(page: SeqPage) {
    return this.admit.light(() => this.alterations.page(page));
  }

  newest(page: SeqPage) {
    return this.admit.light(() => this.alterations.newest(page));
  }

  version(atomeId: string, version: number) {
    return this.admit.light(() => this.alterations.version(atomeId, version));
  }

  versions(atomeId: string, range: VersionRange) {
    return this.admit.light(() => this.alterations.versions(atomeId, range));
  }

  history(atomeId: string, range: VersionRange & { readonly bytes: number }) {
    return this.admit.light(() => this.alterations.history(atomeId, range));
  }

  deltaChain(wanted: readonly (readonly [id: string, version: number])[]) {
    return this.admit.heavy(() => this.alterations.deltaChain(wanted));
  }
}

class AdmittedAudit implements LedgerAudit {
  constructor(
    private readonly audit: LedgerAudit,
    private readonly admit: Admit,
  ) {}

  rows(query: AuditQuery) {
    return this.admit.heavy(() => this.audit.rows(query));
  }

  owned(ownerId: string, after: string) {
    return this.admit.heavy(() => this.audit.owned(ownerId, after));
  }

  receiptBytes() {
    return this.admit.heavy(() => this.audit.receiptBytes());
  }

  hashAt(seq: number) {
    return this.admit.light(() => this.audit.hashAt(seq));
  }
}
