import type { LedgerAlterations, LedgerAtomes, LedgerAudit, LedgerWrites, TenantLedger } from '../ledger/store.js';

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

  get(...args: Parameters<LedgerAtomes['get']>) {
    return this.admit.light(() => this.atomes.get(...args));
  }

  some(...args: Parameters<LedgerAtomes['some']>) {
    return this.admit.light(() => this.atomes.some(...args));
  }

  headers(...args: Parameters<LedgerAtomes['headers']>) {
    return this.admit.light(() => this.atomes.headers(...args));
  }

  list(...args: Parameters<LedgerAtomes['list']>) {
    // a search may walk over all that there is
    const isHeavy = args[0].search !== undefined;
    return this.admit[isHeavy ? 'heavy' : 'light'](() => this.atomes.list(...args));
  }

  count(...args: Parameters<LedgerAtomes['count']>) {
    return this.admit.heavy(() => this.atomes.count(...args));
  }

  after(...args: Parameters<LedgerAtomes['after']>) {
    return this.admit.heavy(() => this.atomes.after(...args));
  }
}

class AdmittedAlterations implements LedgerAlterations {
  constructor(
    private readonly alterations: LedgerAlterations,
    private readonly admit: Admit,
  ) {}

  page(...args: Parameters<LedgerAlterations['page']>) {
    return this.admit.light(() => this.alterations.page(...args));
  }

  newest(...args: Parameters<LedgerAlterations['newest']>) {
    return this.admit.light(() => this.alterations.newest(...args));
  }

  version(...args: Parameters<LedgerAlterations['version']>) {
    return this.admit.light(() => this.alterations.version(...args));
  }

  versions(...args: Parameters<LedgerAlterations['versions']>) {
    return this.admit.light(() => this.alterations.versions(...args));
  }

  history(...args: Parameters<LedgerAlterations['history']>) {
    return this.admit.light(() => this.alterations.history(...args));
  }

  deltaChain(...args: Parameters<LedgerAlterations['deltaChain']>) {
    return this.admit.heavy(() => this.alterations.deltaChain(...args));
  }
}

class AdmittedAudit implements LedgerAudit {
  constructor(
    private readonly audit: LedgerAudit,
    private readonly admit: Admit,
  ) {}

  rows(...args: Parameters<LedgerAudit['rows']>) {
    return this.admit.heavy(() => this.audit.rows(...args));
  }

  owned(...args: Parameters<LedgerAudit['owned']>) {
    return this.admit.heavy(() => this.audit.owned(...args));
  }

  receiptBytes(...args: Parameters<LedgerAudit['receiptBytes']>) {
    return this.admit.heavy(() => this.audit.receiptBytes(...args));
  }

  hashAt(...args: Parameters<LedgerAudit['hashAt']>) {
    return this.admit.light(() => this.audit.hashAt(...args));
  }
}
