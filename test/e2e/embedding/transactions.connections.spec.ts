import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { DATABASES } from '../../support/databases/databases.js';
import { createOwnedDatabase } from '../../support/databases/plain-role.js';
import { Gate } from '../../support/gate.js';
import { ALICE, hostOf, Orders, OrdersHost, refusal, transactionsOf } from '../../support/orders-host.js';
import { startApp } from '../../support/server/app.js';

describe.each(DATABASES)('the connection of a transaction, on %s', (name, create) => {
  const given = new OrdersHost();
  beforeAll(() => given.open(create));
  beforeEach(() => given.clear());
  afterAll(() => given.close());

  it('says what is wrong with a dataSource', async () => {
    const at = async (dataSource: DataSource | undefined): Promise<string> => {
      const by = { principal: ALICE, clientId: null };
      return (await refusal(transactionsOf(given.server, dataSource).run(by, () => Promise.resolve()))).message;
    };
    const others = await Promise.all(DATABASES.map(([, make]) => make()));
    const [file, postgres] = await Promise.all(others.map(({ url }) => hostOf(url).initialize()));
    expect(await at(undefined)).toContain('needs the option dataSource');
    expect(await at(hostOf(given.database.url))).toContain('not initialised');
    expect(await at(given.isSqlite ? file! : postgres!)).toContain('leads to');
    expect(await at(given.isSqlite ? postgres! : file!)).toContain('is of type');
    for (const each of [file!, postgres!]) await each.destroy();
    for (const each of others) await each.drop();
  });

  if (name === 'SQLite') {
    it('gives its turn back where the application closes its connection, in it or before it begins', async () => {
      const [first, second] = await Promise.all([
        hostOf(given.database.url).initialize(),
        hostOf(given.database.url).initialize(),
      ]);
      const gate = new Gate();
      const closing = transactionsOf(given.server, first).run({ principal: ALICE, clientId: null }, async () => {
        await gate.pass();
        await first.destroy();
      });
      await gate.reached;
      const waiting = transactionsOf(given.server, second).run({ principal: ALICE, clientId: null }, () =>
        Promise.resolve(),
      );
      await second.destroy();
      gate.open();
      const ends = await Promise.allSettled([closing, waiting]);
      expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      expect(await given.atomes.create({ kind: 'note', data: {} }, { principal: ALICE })).toMatchObject({ version: 1 });
    });

    it('leaves the settings of the connection as they were', async () => {
      const settings = () =>
        Promise.all(['synchronous', 'busy_timeout'].map((each) => given.host.query(`PRAGMA ${each}`)));
      const before = await settings();
      await given.atomes.transaction((tx) => given.order(tx));
      await refusal(given.atomes.transaction(() => Promise.reject(new Error('no'))));
      expect(await settings()).toEqual(before);
    });
  } else {
    const admin = async (text: string, values: unknown[] = []): Promise<void> => {
      const client = new pg.Client({ connectionString: given.database.url });
      await client.connect();
      await client.query(text, values).finally(() => client.end());
    };

    it('is not written where its connection breaks, and the next one is', async () => {
      const [id, before] = [given.fresh(), await given.head()];
      const cut = given.atomes.transaction(async (tx) => {
        await given.order(tx, id);
        const [{ pid }] = await tx.manager.query<[{ pid: number }]>('SELECT pg_backend_pid() AS pid');
        await admin('SELECT pg_terminate_backend($1)', [pid]);
      });
      expect(await refusal(cut)).toMatchObject({ code: 'unavailable' });
      await given.expectNothing(id, before);
      await given.atomes.transaction((tx) => given.order(tx, id));
      expect(await given.rows()).toEqual([id]);
    });

    it('says that it is not known where the connection breaks at the commit', async () => {
      await admin(`CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$`);
      await admin(`CREATE CONSTRAINT TRIGGER die AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW."atomeId" = 'die') EXECUTE FUNCTION die()`);
      const dying = given.atomes.transaction(async (tx) => {
        await tx.create({ kind: 'note', data: {} });
        await tx.manager.save(Orders, { atomeId: 'die' });
      });
      expect(await refusal(dying)).toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('whether it was written is not known'),
      });
      expect(await given.rows()).toEqual([]);
    });

    it('meets what others have written meanwhile, whatever isolation the application has', async () => {
      const strict = await new DataSource({
        ...{ type: 'postgres', url: given.database.url, entities: [Orders] },
        isolationLevel: 'SERIALIZABLE',
      }).initialize();
      const transacted = await transactionsOf(given.server, strict).run(
        { principal: ALICE, clientId: null },
        async (recorded, manager) => {
          const { id } = await given.server.api.create({ n: 1 });
          await manager.save(Orders, { atomeId: String(id) });
          recorded.add({
            ...{ opId: null, baseVersion: 1, hlc: null, reason: null, atomeId: String(id) },
            ...{ operation: 'update', changes: { n: 2 } },
          });
        },
      );
      await strict.destroy();
      expect(transacted).toMatchObject({ outcomes: [{ outcome: 'applied' }], isRepeated: false });
      expect(await given.rows()).toHaveLength(1);
    });

    it('says that a statement has failed whose error was caught', async () => {
      const [id, before] = [given.fresh(), await given.head()];
      const failed = given.atomes.transaction(async (tx) => {
        await given.order(tx, id);
        await refusal(tx.manager.query('SELECT 1 / 0'));
      });
      expect((await refusal(failed)).message).toContain('a statement of the transaction has failed');
      await given.expectNothing(id, before);
    });
  }
});

describe('a transaction under another role of PostgreSQL, which row-level security binds', () => {
  it('says which rights it needs, and has what it has been granted', async () => {
    const database = await createOwnedDatabase();
    const owner = new pg.Client({ connectionString: database.url });
    const server = await startApp({ DATABASE_URL: database.url });
    const url = new URL(database.url);
    const role = url.username;
    const superuser = new pg.Client({ connectionString: database.adminUrl });
    await Promise.all([owner.connect(), superuser.connect()]);
    await superuser.query(`CREATE ROLE ${role}_host LOGIN PASSWORD 'host'; GRANT ALL ON SCHEMA public TO ${role}_host`);
    [url.username, url.password] = [`${role}_host`, 'host'];
    const host = await hostOf(url.href).initialize();
    await host.synchronize();
    const transactions = transactionsOf(server, host);
    const run = () =>
      transactions.run({ principal: ALICE, clientId: null }, async (recorded, manager) => {
        await manager.save(Orders, { atomeId: 'x' });
        recorded.add({
          ...{ opId: null, baseVersion: null, hlc: null, reason: null, atomeId: 'x', operation: 'create' },
          changes: { kind: 'note', type: null, data: {}, meta: {}, parentId: null },
        });
      });
    try {
      const { message } = await refusal(run());
      expect(message).toContain(`the role "${role}_host" of the option dataSource may not write`);
      await owner.query(message.slice(message.indexOf('GRANT')));
      expect(await run()).toMatchObject({ outcomes: [{ outcome: 'applied' }] });
      expect([await host.getRepository(Orders).count(), (await server.api.get('/api/atome/x')).status]).toEqual([
        1, 200,
      ]);
    } finally {
      await host.destroy();
      await server.close();
      await owner.end();
      await superuser.query(`DROP OWNED BY ${role}_host; DROP ROLE ${role}_host`);
      await superuser.end();
      await database.drop();
    }
  });
});
