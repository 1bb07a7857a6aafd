import type { TestApp } from './app.js';
import { startApp } from './app.js';
import { tokenOf, WITH_TOKENS } from './tokens.js';
import type { Api } from '../clients/api.js';
import { audit, type Database } from '../databases/databases.js';
import { queryOf } from '../ledger/raw-query.js';
import { LEDGER_STORE, type LedgerStore } from '../../../src/ledger/store.js';

export const TENANT = 'acme';

/** The server with tokens, on one database, and those who call it. */
export interface ComplianceServer extends TestApp {
  readonly store: LedgerStore;
  /** REST as somebody with the role `writer`, unless another is given. */
  as(id: string, role?: string): Api;
  /** Everything in the tables, as one text. */
  dump(): Promise<string>;
  /** What is wrong with the ledger; undefined when it is sound. */
  fault(): Promise<unknown>;
}

export async function startComplianceServer(
  database: Database,
  environment: Record<string, string> = {},
): Promise<ComplianceServer> {
  const server = await startApp({ ...WITH_TOKENS, DATABASE_URL: database.url, ...environment });
  const store = server.app.get<LedgerStore>(LEDGER_STORE, { strict: false });
  return {
    ...server,
    store,
    as: (id, role = 'writer') => server.api.as(tokenOf(role, { sub: id })),
    dump: async () => {
      const tables = ['alterations', 'atomes', 'receipts', 'ledgers'].map((name) =>
        queryOf(store)(`SELECT * FROM atome_${name}`),
      );
      return JSON.stringify(await Promise.all(tables));
    },
    fault: async () => (await audit(database.url, TENANT)).result.fault,
  };
}
