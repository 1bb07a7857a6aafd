import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ReadSlots } from '../../src/auth/admission/read-slots.js';
import { SYSTEM } from '../../src/auth/authentication/anonymous.js';
import { AtomeService } from '../../src/atome/atome.service.js';
import { LEDGER_STORE, type ListQuery, type LedgerStore } from '../../src/ledger/store.js';
import { bearer, type Answer } from '../support/clients/api.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { Gate } from '../support/gate.js';
import { WatchedStore } from '../support/ledger/watched-store.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';

type Method = WatchedStore['calls'][number];

/** The page is empty, so that it does not tell how many there are. */
const COUNT = '/api/atome/list?parentId=null&limit=1&page=2';

/** What each heavy way of reading asks of the ledger besides light reads. */
const HEAVY: readonly (readonly [way: string, path: string, method: Method])[] = [
  ['searches', '/api/atome/list?search=nowhere&count=false', 'queries.search'],
  ['counts', COUNT, 'queries.countNewest'],
  ['lists of a type', '/api/atome/list?type=memo&count=false', 'queries.list'],
  ['lists far away', '/api/atome/list?page=10002&limit=1&count=false', 'queries.list'],
  ['lists that no index has in order', '/api/atome/list?sortBy=version&count=false', 'queries.list'],
  ['snapshots', '/api/sync/snapshot', 'atomes.after'],
  ['exports', '/api/user-data/export', 'audit.owned'],
  ['exports as one value', '/api/user-data/export?format=json', 'audit.owned'],
  ['pages of the audit', '/api/audit', 'audit.rows'],
  ['changes since a time', `/api/sync/changes?since=${new Date(0).toISOString()}`, 'audit.rows'],
];

const LIGHT: readonly (readonly [way: string, path: string, method: Method])[] = [
  ['atomes', '/api/atome/a', 'atomes.get'],
  ['lists', '/api/atome/list?count=false', 'queries.list'],
  ['histories', '/api/atome/a/history', 'alterations.history'],
  ['old versions', '/api/atome/a?version=1', 'alterations.deltaChain'],
  ['moments', '/api/atome/a?at=2', 'alterations.deltaChain'],
];

const ALL: ListQuery = { includeDeleted: true, sortBy: 'id', sortOrder: 'asc', limit: 10, offset: 0 };

/** Waits until what others do has come to something. */
async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 50_000; !isSo(); await new Promise(setImmediate)) {
    if (Date.now() > end) throw new Error(`it did not come to this: ${String(isSo)}`);
  }
}

describe.each(DATABASES)('reads of the ledger, on %s', (_name, create) => {
  let database: Database;
  let server: TestApp;
  let slots: ReadSlots;
  let watched: WatchedStore;
  const held: Gate[] = [];
  let reads: { now: number; most: number; all: number };
  beforeAll(async () => {
    database = await create();
    server = await startApp({ ...WITH_TOKENS, DATABASE_URL: database.url });
    slots = server.app.get(ReadSlots, { strict: false });
    const writer = server.api.as(tokenOf('writer', { tenant: 'default' }));
    await writer.create({ n: 1 }, { id: 'a' });
    await writer.patch('/api/atome/a', { n: 2 });
    watched = watch(server.app.get<LedgerStore>(LEDGER_STORE, { strict: false }));
  });
  beforeEach(() => {
    reads = { now: 0, most: 0, all: 0 };
  });
  afterEach(async () => {
    // whatever has become of the test
    held.splice(0).forEach((gate) => gate.open());
    await until(() => slots.heavy.waiting + slots.light.waiting === 0);
    [watched.before, watched.after] = [() => undefined, () => undefined];
  });
  afterAll(async () => {
    await server.close();
    await database.drop();
  });

  function watch(store: LedgerStore): WatchedStore {
    const ledger = store.ledger.bind(store);
    const wrapped = new WatchedStore(
      Object.create(store, { ledger: { value: ledger, configurable: true } }) as LedgerStore,
    );
    store.ledger = (tenant) => wrapped.store.ledger(tenant);
    return wrapped;
  }

  /** Lets reads of a kind wait at a gate, and counts those that are under way. */
  function hold(...which: Method[]): Gate {
    const gate = new Gate();
    held.push(gate);
    watched.before = async (method) => {
      if (!which.includes(method)) return;
      reads.all += 1;
      reads.most = Math.max(reads.most, (reads.now += 1));
      await gate.pass();
    };
    watched.after = (method) => {
      if (which.includes(method)) reads.now -= 1;
    };
    return gate;
  }

  const get = (path: string, sub = 'ann', tenant = 'default'): Promise<Answer> =>
    server.api.as(tokenOf('admin', { sub, tenant })).get(path);

  const askMany = (path: string, count: number, sub = 'ann'): Promise<Answer>[] =>
    Array.from({ length: count }, () => get(path, sub));

  it.each(HEAVY)(
    '%s of one principal run a few at once; what is light does not stand behind them',
    async (_way, path, method) => {
      const gate = hold(method);
      const asked = askMany(path, 10);
      await until(() => slots.heavy.waiting >= 8);
      expect((await get('/api/atome/a')).status).toBe(200);
      expect((await get('/api/atome/a/history')).status).toBe(200);
      expect((await get('/api/atome/a', 'eve', 'another')).status).toBe(404);
      gate.open();
      expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(Array(10).fill(200));
      expect(reads.most).toBeLessThanOrEqual(2);
    },
  );

  it.each(LIGHT)(
    '%s of one principal are read a few at once, and of its tenant a few more',
    async (_way, path, method) => {
      const gate = hold(method);
      const asked = askMany(path, 12);
      await until(() => reads.now === 4 && slots.light.waiting === 8);
      const others = ['bob', 'joe'].flatMap((sub) => askMany(path, 4, sub));
      await until(() => reads.now === 6 && slots.light.waiting === 14);
      gate.open();
      expect((await Promise.all([...asked, ...others])).every(({ status }) => status === 200)).toBe(true);
    },
  );

  it('over the service of an application take the same slots where they are on behalf of somebody', async () => {
    const atomes = server.app.get(AtomeService, { strict: false });
    const gate = hold('queries.count', 'queries.countNewest');
    const ann = { id: 'ann', tenant: 'default', roles: ['reader'] };
    const asked = [
      ...Array.from({ length: 5 }, () => atomes.count({ ...ALL, parentId: null }, ann)),
      ...askMany(COUNT, 5).map((answer) => answer.then(() => 1)),
    ];
    await until(() => slots.heavy.waiting >= 8);
    gate.open();
    expect(await Promise.all(asked)).toEqual(Array(10).fill(1));
    expect(reads.most).toBeLessThanOrEqual(2);
  });

  it('over the service on behalf of the application itself are never refused', async () => {
    const atomes = server.app.get(AtomeService, { strict: false });
    const gate = hold('queries.count');
    const asked = Array.from({ length: 300 }, () => atomes.count({ ...ALL, parentId: null }, SYSTEM));
    await until(() => slots.heavy.waiting >= 290);
    gate.open();
    expect(await Promise.all(asked)).toHaveLength(300);
  });

  it('over the words of the original client take slots too', async () => {
    const sockets = await Promise.all(
      Array.from({ length: 10 }, () => server.connect(bearer(tokenOf('writer', { sub: 'ann', tenant: 'default' })))),
    );
    for (const socket of sockets) await socket.next('welcome');
    const gate = hold('alterations.version');
    sockets.forEach((socket, n) =>
      socket.send({
        type: 'atome:altered',
        atomeId: 'a',
        opId: `op-${n}`,
        alteration: { operation: 'update', version: 1, changes: { n } },
      }),
    );
    await gate.reached;
    await until(() => reads.now + slots.light.waiting >= 10);
    gate.open();
    for (const socket of sockets) await socket.answer();
    expect(reads.most).toBeLessThanOrEqual(4);
  });

  it('let others of the tenant, and other tenants, pass one who asks for much', async () => {
    const [gates, order]: [Gate[], string[]] = [[], []];
    watched.before = async (method) => {
      if (method !== 'queries.countNewest') return;
      const gate = new Gate();
      held.push(gate);
      gates.push(gate);
      await gate.pass();
    };
    const note = (who: string) => (): void => void order.push(who);
    const asked = askMany(COUNT, 12).map((answer) => answer.then(note('ann')));
    await until(() => gates.length + slots.heavy.waiting === 12);
    asked.push(get(COUNT, 'bob').then(note('bob')), get(COUNT, 'eve', 'another').then(note('eve')));
    await until(() => gates.length + slots.heavy.waiting === 14);
    for (let n = 0; n < 14; n += 1) {
      await until(() => gates.length > n);
      gates[n]!.open();
      await until(() => order.length > n);
    }
    await Promise.all(asked);
    expect(order.indexOf('bob')).toBeLessThan(6);
    expect(order.indexOf('eve')).toBeLessThan(6);
  });

  it.each([
    ['a count', COUNT, 'queries.countNewest'],
    ['a list that walks', '/api/atome/list?type=memo&count=false', 'queries.list'],
    ['a snapshot', '/api/sync/snapshot', 'atomes.after'],
    ['an export', '/api/user-data/export', 'audit.owned'],
  ] as const)('give the place of %s back when its client goes away', async (_what, path, method) => {
    const gate = hold(method);
    const leave = new AbortController();
    const headers = bearer(tokenOf('admin', { sub: 'ann', tenant: 'default' }));
    const asked = Array.from({ length: 8 }, () => fetch(server.url + path, { headers, signal: leave.signal }));
    // an answer that has begun fails later than its status
    const ended = asked.map((answer) => answer.then((response) => response.text()).catch(() => 'gone'));
    await until(() => slots.heavy.waiting >= 6);
    leave.abort();
    expect(await Promise.all(ended)).toEqual(Array(8).fill('gone'));
    await until(() => slots.heavy.waiting === 0);
    gate.open();
    expect((await get(path)).status).toBe(200);
    // a snapshot has two pages
    expect(reads.all).toBeLessThanOrEqual(6);
  });

  it('are refused with 429 and a time to wait where too many of one principal wait', async () => {
    const gate = hold('queries.countNewest');
    const asked = askMany(COUNT, 70);
    const refused = await Promise.any(
      asked.map(async (answer) => {
        const { status, headers, body } = await answer;
        if (status === 200) throw new Error('not refused');
        return { status, code: body.code, wait: headers.get('retry-after') };
      }),
    );
    expect(refused).toEqual({ status: 429, code: 'rate_limited', wait: '1' });
    gate.open();
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(64);
  });

  it('are refused with 503 and a time to wait when their turn does not come in time', async () => {
    const gate = hold('queries.list');
    const asked = askMany('/api/atome/list?type=memo&count=false', 3);
    const { status, headers, body } = await Promise.race(asked);
    expect({ status, code: body.code, wait: headers.get('retry-after') }).toEqual({
      status: 503,
      code: 'unavailable',
      wait: '1',
    });
    gate.open();
    await Promise.all(asked);
  });
});
