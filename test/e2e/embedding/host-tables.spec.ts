import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource, EntitySchema, type DataSourceOptions } from 'typeorm';
import { DATABASES, type Database } from '../../support/databases/databases.js';
import { login, register, WITH_ACCOUNTS } from '../../support/server/accounts.js';
import { startApp, type TestApp } from '../../support/server/app.js';
import { tokenOf } from '../../support/server/tokens.js';

const NAMES = ['accounts', 'tickets', 'receipts', 'account_sessions', 'ledgers', 'atomes'];

/** Entities of a host with our names, and an index with the name of one of ours. */
const ENTITIES = NAMES.map(
  (name) =>
    new EntitySchema<{ id: number; total: string }>({
      name,
      columns: { id: { type: 'integer', primary: true }, total: { type: 'varchar' } },
      indices: [{ name: `${name}_by_${name === 'accounts' ? 'identifier' : 'expiry'}`, columns: ['total'] }],
    }),
);

describe.each(DATABASES)('a host with entities of our names on %s, which it synchronises,', (_name, make) => {
  let database: Database;
  let server: TestApp | undefined;
  beforeEach(async () => {
    database = await make();
  });
  afterEach(async () => {
    await server?.close();
    server = undefined;
    await database.drop();
  });

  /** The host as it starts; `work` is what it does then. */
  async function host(work: (dataSource: DataSource) => Promise<unknown>): Promise<void> {
    const { url } = database;
    const place: DataSourceOptions = url.startsWith('sqlite:')
      ? { type: 'better-sqlite3', database: url.slice('sqlite:'.length) }
      : { type: 'postgres', url };
    const dataSource = await new DataSource({ ...place, synchronize: true, entities: ENTITIES }).initialize();
    try {
      await work(dataSource);
    } finally {
      await dataSource.destroy();
    }
  }
  const fill = (dataSource: DataSource): Promise<unknown> =>
    Promise.all(NAMES.map((name) => dataSource.getRepository(name).save({ id: 1, total: `${name} of the host` })));
  const expectFilled = async (dataSource: DataSource): Promise<void> => {
    for (const name of NAMES) {
      expect(await dataSource.getRepository(name).find()).toEqual([{ id: 1, total: `${name} of the host` }]);
    }
  };
  const start = async (): Promise<TestApp> =>
    (server = await startApp({ ...WITH_ACCOUNTS, DATABASE_URL: database.url }));
  /** What uses each of our tables of those names. */
  const use = async ({ api }: TestApp): Promise<void> => {
    await register(api);
    const alice = api.as(tokenOf('writer'));
    await alice.create({ n: 1 }, { id: 'a' });
    await alice.post('/api/sync/push', {
      operations: [{ opId: 'o', atomeId: 'a', operation: 'update', changes: { n: 1 } }],
    });
    expect(await alice.post('/api/auth/ticket', {})).toMatchObject({ status: 200 });
  };
  const expectUsed = async ({ api }: TestApp): Promise<void> => {
    expect((await login(api)).status).toBe(200);
    expect((await api.as(tokenOf('writer')).get('/api/atome/a')).body).toMatchObject({ atome: { data: { n: 1 } } });
  };

  it('keeps its data, and so do we, when it was there first', async () => {
    await host(fill);
    await use(await start());
    await host(expectFilled);
    await expectUsed(server!);
    await server!.close();
    await expectUsed(await start());
  });

  it('keeps its data, and so do we, when we were there first', async () => {
    await use(await start());
    await server!.close();
    await host(fill);
    await host(expectFilled);
    await expectUsed(await start());
  });
});
