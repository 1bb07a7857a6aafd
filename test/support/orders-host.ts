import { expect } from '@jest/globals';
import { DataSource, EntitySchema } from 'typeorm';
import { AtomeWrites } from '../../src/application/atome-writes.js';
import { Transactions } from '../../src/application/transactions.js';
import {
  AtomeError,
  AtomeService,
  DEFAULT_LIMITS,
  type AtomeTransaction,
  type KindOptions,
  type Principal,
} from '../../src/index.js';
import { LEDGER_STORE, type LedgerStore } from '../../src/ledger/store.js';
import { LedgerWriter } from '../../src/ledger/write/ledger-writer.js';
import { audit, type Database } from './databases/databases.js';
import { startApp, type TestApp } from './server/app.js';

interface OrderRow {
  id: number;
  atomeId: string;
}

/** The application's own table, beside those of the ledger. */
export const Orders = new EntitySchema<OrderRow>({
  name: 'orders',
  columns: { id: { type: 'integer', primary: true, generated: true }, atomeId: { type: 'varchar' } },
});

const place = (url: string) =>
  url.startsWith('sqlite:')
    ? { type: 'better-sqlite3' as const, database: url.slice('sqlite:'.length) }
    : { type: 'postgres' as const, url };

export const hostOf = (url: string): DataSource => new DataSource({ ...place(url), entities: [Orders] });

export const by = (id: string, role: string): Principal => ({ id, tenant: 'default', roles: [role] });
export const ALICE = by('alice', 'writer');

/** Those of a server over another DataSource. */
export function transactionsOf({ app }: TestApp, dataSource: DataSource | undefined, workMs?: number): Transactions {
  const store: LedgerStore = app.get(LEDGER_STORE, { strict: false });
  const [writer, writes] = [app.get(LedgerWriter, { strict: false }), app.get(AtomeWrites, { strict: false })];
  return new Transactions(store, writer, writes, { dataSource, limits: DEFAULT_LIMITS, ...(workMs && { workMs }) });
}

/** The code and the sentence of what refuses. */
export async function refusal(promise: Promise<unknown>): Promise<{ code?: string; message: string }> {
  const error: unknown = await promise.then(
    () => new Error('nothing was refused'),
    (thrown: unknown) => thrown,
  );
  const { code, message } = error as AtomeError;
  return error instanceof AtomeError ? { code, message } : { message };
}

/** A server in an application that keeps a row for each order, in the same database. */
export class OrdersHost {
  database!: Database;
  server!: TestApp;
  host!: DataSource;
  atomes!: AtomeService;
  /** What the hook of orders waits for. */
  looking: Promise<void> | undefined;
  private ids = 0;

  async open(create: () => Promise<Database>): Promise<void> {
    this.database = await create();
    this.host = await hostOf(this.database.url).initialize();
    await this.host.synchronize();
    const options = { DATABASE_URL: this.database.url, HEAD_POLL_MS: '60000' };
    this.server = await startApp(options, { dataSource: this.host, kinds: this.kinds() });
    this.atomes = this.server.app.get(AtomeService, { strict: false });
  }

  /** Removes all rows: the next test begins without. */
  async clear(): Promise<void> {
    this.looking = undefined;
    await this.host.getRepository(Orders).clear();
  }

  /** Ends with a ledger that verifies, whose seq is dense. */
  async close(): Promise<void> {
    await this.server.close();
    await this.host.destroy();
    const { result, alterations } = await audit(this.database.url);
    expect(result.fault).toBeUndefined();
    expect(alterations.map(({ seq }) => seq)).toEqual(alterations.map((_, at) => at + 1));
    await this.database.drop();
  }

  get isSqlite(): boolean {
    return this.host.options.type === 'better-sqlite3';
  }

  fresh(): string {
    return `t${(this.ids += 1)}`;
  }

  async rows(): Promise<string[]> {
    return (await this.host.getRepository(Orders).find({ order: { id: 'ASC' } })).map(({ atomeId }) => atomeId);
  }

  async isThere(id: string): Promise<boolean> {
    return (await this.server.api.get(`/api/atome/${id}`)).status === 200;
  }

  async head(): Promise<unknown> {
    return (await this.server.api.get('/api/sync/changes?after=tail')).body.cursor;
  }

  /** A row and its atome. */
  async order(tx: AtomeTransaction, id = this.fresh()): Promise<string> {
    await tx.manager.save(Orders, { atomeId: id });
    return (await tx.create({ id, kind: 'note', data: {} })).id;
  }

  async expectNothing(id: string, before: unknown): Promise<void> {
    expect([await this.rows(), await this.isThere(id), await this.head()]).toEqual([[], false, before]);
  }

  private kinds(): Readonly<Record<string, KindOptions>> {
    return {
      person: {
        schema: { required: ['first'] },
        upgrades: [({ name, ...rest }) => ({ ...rest, first: name! })],
      },
      order: {
        schema: { properties: { total: { type: 'number' } } },
        beforeWrite: async ({ operation }) => {
          await this.looking;
          if (operation === 'delete') throw new AtomeError('forbidden', 'orders are kept');
          return operation === 'create' ? { add: [{ operation: 'create', kind: 'entry', data: {} }] } : undefined;
        },
      },
    };
  }
}
