import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { DataSource, EntitySchema } from 'typeorm';
import { AtomeWrites } from '../../../src/application/atome-writes.js';
import { Transactions } from '../../../src/application/transactions.js';
import {
  AtomeError,
  AtomeService,
  DEFAULT_LIMITS,
  type AtomeTransaction,
  type JsonObject,
  type Principal,
} from '../../../src/index.js';
import { LEDGER_STORE, type LedgerStore } from '../../../src/ledger/store.js';
import { LedgerWriter } from '../../../src/ledger/write/ledger-writer.js';
import { audit, DATABASES, type Database } from '../../support/databases/databases.js';
import { createOwnedDatabase } from '../../support/databases/plain-role.js';
import { Gate } from '../../support/gate.js';
import { startApp, type TestApp } from '../../support/server/app.js';

interface OrderRow {
  id: number;
  atomeId: string;
}

const Orders = new EntitySchema<OrderRow>({
  name: 'orders',
  columns: { id: { type: 'integer', primary: true, generated: true }, atomeId: { type: 'varchar' } },
});

const place = (url: string) =>
  url.startsWith('sqlite:')
    ? { type: 'better-sqlite3' as const, database: url.slice('sqlite:'.length) }
    : { type: 'postgres' as const, url };

const hostOf = (url: string): DataSource => new DataSource({ ...place(url), entities: [Orders] });

const by = (id: string, role: string): Principal => ({ id, tenant: 'default', roles: [role] });
const ALICE = by('alice', 'writer');

/** Those of a server over another DataSource. */
function transactionsOf({ app }: TestApp, dataSource: DataSource | undefined, workMs?: number): Transactions {
  const store: LedgerStore = app.get(LEDGER_STORE, { strict: false });
  const [writer, writes] = [app.get(LedgerWriter, { strict: false }), app.get(AtomeWrites, { strict: false })];
  return new Transactions(store, writer, writes, { dataSource, limits: DEFAULT_LIMITS, ...(workMs && { workMs }) });
}

/** What refuses, and the code and sentence of it. */
async function refusal(promise: Promise<unknown>): Promise<{ code?: string; message: string }> {
  const error: unknown = await promise.then(
    () => new Error('nothing was refused'),
    (thrown: unknown) => thrown,
  );
  const { code, message } = error as AtomeError;
  return error instanceof AtomeError ? { code, message } : { message };
}

describe.each(DATABASES)('a transaction with rows of the application, on %s', (name, create) => {
  const isSqlite = name === 'SQLite';
  let database: Database;
  let server: TestApp;
  let host: DataSource;
  let atomes: AtomeService;
  /** What the hook of orders waits for. */
  let looking: Promise<void> | undefined;
  let ids = 0;
  const fresh = (): string => `t${(ids += 1)}`;

  beforeAll(async () => {
    database = await create();
    host = await hostOf(database.url).initialize();
    await host.synchronize();
    server = await startApp(
      { DATABASE_URL: database.url, HEAD_POLL_MS: '60000' },
      {
        dataSource: host,
        kinds: {
          person: { schema: { required: ['first'] }, upgrades: [({ name, ...rest }) => ({ ...rest, first: name! })] },
          order: {
            schema: { properties: { total: { type: 'number' } } },
            beforeWrite: async ({ operation }) => {
              await looking;
              if (operation === 'delete') throw new AtomeError('forbidden', 'orders are kept');
              return operation === 'create' ? { add: [{ operation: 'create', kind: 'entry', data: {} }] } : undefined;
            },
          },
        },
      },
    );
    atomes = server.app.get(AtomeService, { strict: false });
  });
  beforeEach(async () => {
    looking = undefined;
    await host.getRepository(Orders).clear();
  });
  afterAll(async () => {
    await server.close();
    await host.destroy();
    const { result, alterations } = await audit(database.url);
    expect(result.fault).toBeUndefined();
    expect(alterations.map(({ seq }) => seq)).toEqual(alterations.map((_, at) => at + 1));
    await database.drop();
  });

  const rows = async (): Promise<string[]> =>
    (await host.getRepository(Orders).find({ order: { id: 'ASC' } })).map(({ atomeId }) => atomeId);
  const isThere = async (id: string): Promise<boolean> => (await server.api.get(`/api/atome/${id}`)).status === 200;
  const head = async (): Promise<unknown> => (await server.api.get('/api/sync/changes?after=tail')).body.cursor;

  /** A row and its atome. */
  const order = async (tx: AtomeTransaction, id = fresh()): Promise<string> => {
    await tx.manager.save(Orders, { atomeId: id });
    return (await tx.create({ id, kind: 'note', data: {} })).id;
  };
  const expectNothing = async (id: string, before: unknown): Promise<void> => {
    expect([await rows(), await isThere(id), await head()]).toEqual([[], false, before]);
  };

  it('writes what it was given when it was called, whatever becomes of that later', async () => {
    const data: JsonObject = { title: 'first', n: 1 };
    const { writes } = await atomes.transaction(async (tx) => {
      const { id } = await tx.create({ kind: 'note', data });
      await tx.alter(id, { operation: 'update', changes: Object.assign(data, { n: 2 }) });
      Object.assign(data, { title: undefined, n: () => 3 });
    });
    expect(writes.map(({ atome }) => atome.data.n)).toEqual([1, 2]);
    expect((await atomes.get(writes[0]!.id, { version: 1 })).data).toEqual({ title: 'first', n: 1 });
    expect((await atomes.get(writes[0]!.id)).data).toEqual({ title: 'first', n: 2 });
  });

  it('commits atomes and rows together, and tells what came of them', async () => {
    const { result, writes, isRepeated } = await atomes.transaction(
      async (tx) => {
        const { id } = await tx.create({ kind: 'note', data: { n: 1 } });
        const child = await tx.create({ kind: 'note', data: {}, parentId: id });
        await tx.alter(id, { operation: 'update', changes: { n: 2 } }, { ifMatch: '"v1"' });
        await tx.rename(child.id, { newName: 'child' });
        await tx.manager.save(Orders, { atomeId: id });
        return [id, child.id];
      },
      { principal: ALICE },
    );
    expect([isRepeated, await rows()]).toEqual([false, [result[0]]]);
    expect(writes.map(({ id, version }) => [id, version])).toEqual([
      [result[0], 1],
      [result[1], 1],
      [result[0], 2],
      [result[1], 2],
    ]);
    expect(writes[3]).toMatchObject({ atome: { parentId: result[0], data: { name: 'child' }, ownerId: 'alice' } });
    expect(await atomes.get(result[0]!)).toMatchObject({ data: { n: 2 } });
  });

  it('leaves nothing of what throws, and throws it', async () => {
    const [id, before] = [fresh(), await head()];
    const fault = new TypeError('out of stock');
    const failing = atomes.transaction(async (tx) => {
      await order(tx, id);
      throw fault;
    });
    await expect(failing).rejects.toBe(fault);
    await expectNothing(id, before);
  });

  it.each<[string, string, (tx: AtomeTransaction, id: string) => Promise<unknown>, Principal?]>([
    ['a right', 'forbidden', (tx) => tx.alter('kept', { operation: 'update', changes: { n: 2 } }), by('r', 'reader')],
    ['a kind', 'invalid', (tx) => tx.create({ kind: 'order', data: { total: 'much' } })],
    ['a hook', 'forbidden', (tx) => tx.delete('order')],
    ['a precondition', 'precondition_failed', (tx) => tx.patch('kept', { n: 2 }, { ifMatch: '"v7"' })],
    ['an atome that is not there', 'not_found', (tx) => tx.rename('nowhere', { newName: 'x' })],
    ['a version that is not there', 'not_found', (tx) => tx.restore('kept', { version: 99 })],
  ])('leaves nothing when %s refuses a write, with its error', async (_what, code, write, principal = ALICE) => {
    await atomes.create({ id: 'kept', kind: 'note', data: { n: 1 } });
    await atomes.create({ id: 'order', kind: 'order', data: {} });
    const [id, before] = [fresh(), await head()];
    const refused = await refusal(
      atomes.transaction(
        async (tx) => {
          await order(tx, id);
          await write(tx, id);
        },
        { principal },
      ),
    );
    expect(refused).toMatchObject({ code: expect.stringMatching(principal === ALICE ? code : /forbidden/) });
    expect(refused.message).not.toContain('nothing was written');
    await expectNothing(id, before);
  });

  it('refuses at once what cannot be read, and goes on where that is caught', async () => {
    const { result } = await atomes.transaction(async (tx) => {
      const refused = await refusal(tx.create({ kind: 'two words', data: {} }));
      return [refused.code, await order(tx)];
    });
    expect([result[0], await rows()]).toEqual(['invalid', [result[1]]]);
  });

  it('commits rows alone, and has hooks add what they add', async () => {
    await atomes.transaction((tx) => tx.manager.save(Orders, { atomeId: 'none' }));
    const { writes } = await atomes.transaction((tx) => tx.create({ kind: 'order', data: { total: 1 } }));
    const entries = await atomes.count({ kind: 'entry', includeDeleted: false } as never);
    await atomes.transaction((tx) => tx.create({ kind: 'order', data: { total: 2 } }));
    expect([await rows(), writes.length]).toEqual([['none'], 1]);
    expect(await atomes.count({ kind: 'entry', includeDeleted: false } as never)).toBe(entries + 1);
  });

  it('keeps seq dense where eight run at once beside ordinary writes', async () => {
    const before = Number(String(await head()).split(':')[1]);
    const transactions = Array.from({ length: 8 }, () =>
      atomes.transaction(async (tx) => {
        await order(tx);
        await new Promise(setImmediate);
        await tx.create({ kind: 'order', data: {} });
      }),
    );
    const others = Array.from({ length: 16 }, (_, n) => server.api.create({ n }));
    const done = await Promise.all(transactions);
    await Promise.all(others);
    expect(await rows()).toHaveLength(8);
    // those of one transaction stand together: its order, and the entry behind its other one
    for (const { writes } of done) expect(writes[1]!.seq).toBe(writes[0]!.seq + 1);
    expect(Number(String(await head()).split(':')[1])).toBe(before + 8 * 3 + 16);
  });

  it('tells readers of it after the commit, and not before', async () => {
    const socket = await server.connect();
    const id = fresh();
    const { writes } = await atomes.transaction(async (tx) => {
      await order(tx, id);
      await socket.settled();
      expect([socket.all('atome:created'), await isThere(id)]).toEqual([[], false]);
    });
    const event = await socket.next('atome:created');
    expect([event.atome.id, event.seq]).toEqual([id, writes[0]!.seq]);
    await server.api.create();
    expect((await socket.next('atome:created')).seq).toBe(writes[0]!.seq + 1);
  });

  it('holds up nobody who reads while it waits, and writes go on behind it or beside it', async () => {
    const gate = new Gate();
    const kept = String((await server.api.create()).id);
    const waiting = atomes.transaction(async (tx) => {
      const id = await order(tx);
      await gate.pass();
      return id;
    });
    await gate.reached;
    const written = server.api.create();
    expect((await server.api.get(`/api/atome/${kept}`)).status).toBe(200);
    expect((await server.api.get('/health/ready')).status).toBe(200);
    if (!isSqlite) await written;
    gate.open();
    const { result } = await waiting;
    expect([await rows(), (await written).success]).toEqual([[result], true]);
  });

  it('refuses another way to write within it, and a second transaction', async () => {
    const { result } = await atomes.transaction(async (tx) => {
      const inner = [
        await refusal(atomes.create({ kind: 'note', data: {} })),
        await refusal(atomes.transaction(() => Promise.resolve())),
      ];
      await order(tx);
      return inner.map(({ message }) => message);
    });
    for (const message of result) expect(message).toContain('within transaction() write through what it is given');
    expect(await rows()).toHaveLength(1);
  });

  it('takes nothing more when it is over', async () => {
    let over: AtomeTransaction | undefined;
    await atomes.transaction((tx) => void (over = tx));
    expect((await refusal(over!.create({ kind: 'note', data: {} }))).message).toContain('is over');
    expect((await refusal(over!.manager.save(Orders, { atomeId: 'late' }))).message).toMatch(/is over|released/);
    expect(await rows()).toEqual([]);
  });

  it('writes nothing behind the end of what has thrown, however much of it is under way', async () => {
    const before = await head();
    let rest: Promise<unknown> = Promise.resolve();
    const thrown = atomes.transaction(async (tx) => {
      await order(tx);
      rest = (async () => {
        for (;;) await tx.manager.insert(Orders, { atomeId: 'behind' });
      })();
      rest.catch(() => undefined);
      await tx.manager.query('SELECT 1');
      throw new Error('no');
    });
    await expect(thrown).rejects.toThrow('no');
    await expect(rest).rejects.toThrow('over');
    await expectNothing('behind', before);
  });

  it('ends one that hangs, and rolls it back', async () => {
    const before = await head();
    const hanging = transactionsOf(server, host, 50).run(
      { principal: ALICE, clientId: null },
      async (_recorded, manager) => {
        await manager.save(Orders, { atomeId: 'hanging' });
        await new Promise(() => undefined);
      },
    );
    expect(await refusal(hanging)).toMatchObject({ code: 'unavailable', message: expect.stringContaining('too long') });
    await expectNothing('hanging', before);
    await server.api.create();
  });

  it('commits once what is repeated under its idempotencyKey', async () => {
    const key = fresh();
    const run = (title = 'x') =>
      atomes.transaction(
        async (tx) => {
          const { id } = await tx.create({ kind: 'order', data: { title } });
          await tx.create({ kind: 'note', data: { id }, parentId: id });
          await tx.manager.save(Orders, { atomeId: id });
          return id;
        },
        { principal: ALICE, idempotencyKey: key },
      );
    const [first, second] = await Promise.all([run(), run()]);
    const third = await run();
    expect([first, second, third].map((each) => each.result)).toEqual(Array(3).fill(first.result));
    expect([first.isRepeated, second.isRepeated].sort()).toEqual([false, true]);
    expect([third.isRepeated, third.writes.map(({ seq }) => seq)]).toEqual([true, first.writes.map(({ seq }) => seq)]);
    expect(await refusal(run('another'))).toMatchObject({ code: 'op_reused' });
    const more = atomes.transaction(
      async (tx) => {
        for (const title of ['x', 'y', 'z']) await tx.create({ kind: 'order', data: { title } });
      },
      { principal: ALICE, idempotencyKey: key },
    );
    expect(await refusal(more)).toMatchObject({ code: 'op_reused' });
    expect(await rows()).toEqual([first.result]);
    const none = atomes.transaction(() => undefined, { principal: ALICE, idempotencyKey: fresh() });
    expect(await refusal(none)).toMatchObject({ code: 'invalid' });
  });

  it('does not wait for ordinary writes that wait for it', async () => {
    const { id } = await atomes.create({ kind: 'order', data: { n: 0 } });
    const gate = new Gate();
    const waiting = atomes.transaction(async (tx) => {
      await gate.pass();
      await tx.alter(id, { operation: 'update', changes: { a: 1 } });
    });
    await gate.reached;
    const look = new Gate();
    looking = look.pass();
    const written = atomes.alter(id, { operation: 'update', changes: { b: 1 } });
    await look.reached;
    looking = undefined;
    look.open();
    gate.open();
    await waiting;
    expect(await written).toMatchObject({ id });
    expect(await atomes.get(id)).toMatchObject({ data: { n: 0, a: 1, b: 1 }, version: 3 });
  });

  it('alters what an older schema has left, at the latest when it is sent again', async () => {
    const older = await startApp({ DATABASE_URL: database.url });
    const id = fresh();
    await older.api.create({ name: 'Ada' }, { id, kind: 'person' });
    await older.close();
    const alter = () =>
      atomes.transaction(async (tx) => {
        await tx.manager.save(Orders, { atomeId: id });
        await tx.alter(id, { operation: 'update', changes: { age: 36 } });
      });
    // on SQLite the upgrade comes behind the transaction that has met it first
    for (;;) {
      const refused = await alter().then(
        () => undefined,
        (error: unknown) => error as AtomeError,
      );
      if (!refused) break;
      expect([isSqlite, refused.code]).toEqual([true, 'unavailable']);
    }
    expect([await rows(), (await atomes.get(id)).data]).toMatchObject([[id], { first: 'Ada', age: 36 }]);
  });

  it('rolls back where the application has ended it, or a constraint of its own fails at the end', async () => {
    const [id, before] = [fresh(), await head()];
    const ended = atomes.transaction(async (tx) => {
      await tx.create({ id, kind: 'note', data: {} });
      await tx.manager.query('COMMIT');
    });
    expect((await refusal(ended)).message).toContain('leave its end to transaction()');
    await host.query('CREATE TABLE parents (id integer PRIMARY KEY)');
    await host.query('CREATE TABLE children (id integer REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)');
    const orphan = atomes.transaction(async (tx) => {
      await order(tx, id);
      await tx.manager.query('INSERT INTO children VALUES (1)');
    });
    expect((await refusal(orphan)).message).toMatch(/foreign key/i);
    expect(await host.query('SELECT id FROM children')).toEqual([]);
    await expectNothing(id, before);
  });

  it('has transactions within it that TypeORM begins, and waits for one that is open', async () => {
    await atomes.transaction(async (tx) => {
      await order(tx);
      await tx.manager.transaction((inner) => inner.save(Orders, { atomeId: 'inner' }));
      await refusal(
        tx.manager.transaction(async (inner) => {
          await inner.save(Orders, { atomeId: 'undone' });
          throw new Error('undo');
        }),
      );
    });
    expect(await rows()).toEqual([expect.any(String), 'inner']);
    const gate = new Gate();
    const own = host.transaction(async (manager) => {
      await manager.save(Orders, { atomeId: 'own' });
      await gate.pass();
    });
    await gate.reached;
    const waiting = atomes.transaction((tx) => order(tx));
    gate.open();
    await own;
    await waiting;
    expect(await rows()).toHaveLength(4);
  });

  it('says what is wrong with a dataSource', async () => {
    const at = async (dataSource: DataSource | undefined): Promise<string> => {
      const by = { principal: ALICE, clientId: null };
      return (await refusal(transactionsOf(server, dataSource).run(by, () => Promise.resolve()))).message;
    };
    const others = await Promise.all(DATABASES.map(([, make]) => make()));
    const [file, postgres] = await Promise.all(others.map(({ url }) => hostOf(url).initialize()));
    expect(await at(undefined)).toContain('needs the option dataSource');
    expect(await at(hostOf(database.url))).toContain('not initialised');
    expect(await at(isSqlite ? file! : postgres!)).toContain('leads to');
    expect(await at(isSqlite ? postgres! : file!)).toContain('is of type');
    for (const each of [file!, postgres!]) await each.destroy();
    for (const each of others) await each.drop();
  });

  if (isSqlite) {
    it('gives its turn back where the application closes its connection, in it or before it begins', async () => {
      const [first, second] = await Promise.all([hostOf(database.url).initialize(), hostOf(database.url).initialize()]);
      const gate = new Gate();
      const closing = transactionsOf(server, first).run({ principal: ALICE, clientId: null }, async () => {
        await gate.pass();
        await first.destroy();
      });
      await gate.reached;
      const waiting = transactionsOf(server, second).run({ principal: ALICE, clientId: null }, () => Promise.resolve());
      await second.destroy();
      gate.open();
      const ends = await Promise.allSettled([closing, waiting]);
      expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      expect(await atomes.create({ kind: 'note', data: {} }, { principal: ALICE })).toMatchObject({ version: 1 });
    });

    it('leaves the settings of the connection as they were', async () => {
      const settings = () => Promise.all(['synchronous', 'busy_timeout'].map((each) => host.query(`PRAGMA ${each}`)));
      const before = await settings();
      await atomes.transaction((tx) => order(tx));
      await refusal(atomes.transaction(() => Promise.reject(new Error('no'))));
      expect(await settings()).toEqual(before);
    });
  } else {
    const admin = async (text: string, values: unknown[] = []): Promise<void> => {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      await client.query(text, values).finally(() => client.end());
    };

    it('is not written where its connection breaks, and the next one is', async () => {
      const [id, before] = [fresh(), await head()];
      const cut = atomes.transaction(async (tx) => {
        await order(tx, id);
        const [{ pid }] = await tx.manager.query<[{ pid: number }]>('SELECT pg_backend_pid() AS pid');
        await admin('SELECT pg_terminate_backend($1)', [pid]);
      });
      expect(await refusal(cut)).toMatchObject({ code: 'unavailable' });
      await expectNothing(id, before);
      await atomes.transaction((tx) => order(tx, id));
      expect(await rows()).toEqual([id]);
    });

    it('says that it is not known where the connection breaks at the commit', async () => {
      await admin(`CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$`);
      await admin(`CREATE CONSTRAINT TRIGGER die AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW."atomeId" = 'die') EXECUTE FUNCTION die()`);
      const dying = atomes.transaction(async (tx) => {
        await tx.create({ kind: 'note', data: {} });
        await tx.manager.save(Orders, { atomeId: 'die' });
      });
      expect(await refusal(dying)).toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('whether it was written is not known'),
      });
      expect(await rows()).toEqual([]);
    });

    it('meets what others have written meanwhile, whatever isolation the application has', async () => {
      const strict = await new DataSource({
        ...{ type: 'postgres', url: database.url, entities: [Orders] },
        isolationLevel: 'SERIALIZABLE',
      }).initialize();
      const transacted = await transactionsOf(server, strict).run(
        { principal: ALICE, clientId: null },
        async (recorded, manager) => {
          const { id } = await server.api.create({ n: 1 });
          await manager.save(Orders, { atomeId: String(id) });
          recorded.add({
            ...{ opId: null, baseVersion: 1, hlc: null, reason: null, atomeId: String(id) },
            ...{ operation: 'update', changes: { n: 2 } },
          });
        },
      );
      await strict.destroy();
      expect(transacted).toMatchObject({ outcomes: [{ outcome: 'applied' }], isRepeated: false });
      expect(await rows()).toHaveLength(1);
    });

    it('says that a statement has failed whose error was caught', async () => {
      const [id, before] = [fresh(), await head()];
      const failed = atomes.transaction(async (tx) => {
        await order(tx, id);
        await refusal(tx.manager.query('SELECT 1 / 0'));
      });
      expect((await refusal(failed)).message).toContain('a statement of the transaction has failed');
      await expectNothing(id, before);
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
