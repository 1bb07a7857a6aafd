import { isHeavy } from '../ledger/read-weights.js';
import type { LedgerBases } from '../ledger/bases.js';
import type {
  LedgerAlterations,
  LedgerAtomes,
  LedgerAudit,
  LedgerQueries,
  LedgerWrites,
  TenantLedger,
} from '../ledger/store.js';

type Run = <T>(read: () => Promise<T>) => Promise<T>;

/** Lets a read begin when it is its turn. */
export interface Admit {
  readonly light: Run;
  readonly heavy: Run;
}

/** A ledger each read of which waits for its turn, by what it costs. */
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

  /** Whoever compacts does so in pages, one after the other. */
  get bases(): LedgerBases {
    return this.ledger.bases;
  }

  get atomes(): LedgerAtomes {
    return this.admitted('atomes');
  }

  get queries(): LedgerQueries {
    return this.admitted('queries');
  }

  get alterations(): LedgerAlterations {
    return this.admitted('alterations');
  }

  get audit(): LedgerAudit {
    return this.admitted('audit');
  }

  /** A part of the ledger with the same reads, made of the table of their weights: none can be forgotten. */
  private admitted<Name extends keyof typeof isHeavy>(name: Name): TenantLedger[Name] {
    const part = this.ledger[name] as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>;
    const reads = Object.entries<(...args: never[]) => boolean>(isHeavy[name]).map(([read, isHeavyRead]) => [
      read,
      (...args: never[]) => this.admit[isHeavyRead(...args) ? 'heavy' : 'light'](() => part[read]!(...args)),
    ]);
    return Object.fromEntries(reads) as TenantLedger[Name];
  }
}
