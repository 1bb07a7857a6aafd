import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { placeOf } from '../../src/ledger/read/sort-value.js';
import type { AtomeRow } from '../../src/ledger/rows.js';
import type { ListQuery } from '../../src/ledger/store.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { parseCondition, parseFieldPath, parseSort, type DocumentField } from '../../src/protocol/index.js';
import { createFile, type Database } from '../support/databases/databases.js';
import { createOwnedDatabase } from '../support/databases/plain-role.js';
import { Gate } from '../support/gate.js';
import { atomeRow, created, putRows } from '../support/ledger/rows.js';

const TENANT = 'default';
const ATOMES = 4_000;
const PAGE = 20;
const ALL: ListQuery = {
  kind: 'task',
  includeDeleted: false,
  sortBy: 'updatedAt',
  sortOrder: 'desc',
  limit: PAGE,
  offset: 0,
};
const REPORT = { done: () => undefined, failed: (line: string) => expect(line).toBe('') };

const wanted = (...paths: string[]) =>
  paths.map((path) => ({ kind: 'task', field: parseFieldPath(path) as DocumentField }));

/** Half of them open, a few urgent, each due at another time. */
const task = (n: number, from = 0): AtomeRow =>
  atomeRow(`t${n}`, from + n + 1, {
    kind: n % 4 === 3 ? 'other' : 'task',
    data: JSON.stringify({
      status: n % 500 === 0 ? 'urgent' : n % 2 === 0 ? 'open' : 'done',
      dueAt: (n * 7_919) % ATOMES,
      title: `title ${n}`,
    }),
  });

interface Step {
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Step[];
}

const TABLES: ReadonlySet<string> = new Set(['atomes', 'field_values']);

/** How many rows the scans of a plan of PostgreSQL have looked at. */
function looked({ Plans = [], ...step }: Step): number {
  const own = (step['Actual Rows'] + (step['Rows Removed by Filter'] ?? 0)) * step['Actual Loops'];
  return Plans.reduce((sum, part) => sum + looked(part), TABLES.has(step['Relation Name'] ?? '') ? own : 0);
}

const DATABASES: readonly (readonly [string, () => Promise<Database>])[] = [
  ['SQLite', async () => createFile()],
  ['PostgreSQL, by a role that row-level security binds', createOwnedDatabase],
];

describe.each(DATABASES)('the index of a field on %s', (name, make) => {
  const isPostgres = name.startsWith('PostgreSQL');
  let database: Database;
  let store: SqlStore;
  /** The statement of the last page. */
  let asked: { readonly sql: string; readonly params: readonly (string | number | null)[] };
  beforeAll(async () => {
    database = await make();
    store = await openStore(database.url);
    const measured = store.measured.bind(store);
    store.measured = (scope, statement, bytes) => {
      asked = statement;
      return measured(scope, statement, bytes);
    };
    await putRows(store, TENANT, created(...Array.from({ length: ATOMES }, (_, n) => task(n))));
    await putRows(store, 'another', created(...Array.from({ length: 50 }, (_, n) => task(n))));
    store.fields.begin(wanted('data.status', 'data.dueAt'), REPORT);
    await store.fields.kept();
    // what the planner goes by, which comes by itself some time
    if (isPostgres) await store.transact(['ANALYZE atome_atomes, atome_field_values']);
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  const page = (query: Partial<ListQuery>): Promise<AtomeRow[]> =>
    store.ledger(TENANT).queries.list({ ...ALL, ...query });

  /** What leads to the page that was asked for last. */
  async function expectFew(rows: number): Promise<void> {
    if (isPostgres) {
      const [explained] = (await store.query(TENANT, `EXPLAIN (ANALYZE, FORMAT JSON) ${asked.sql}`, asked.params)) as [
        { 'QUERY PLAN': readonly [{ Plan: Step }] },
      ];
      const plan = explained['QUERY PLAN'][0].Plan;
      expect(`${looked(plan) <= rows} ${looked(plan)} ${JSON.stringify(plan)}`).toMatch(/^true/);
      return;
    }
    const steps = (await store.query(TENANT, `EXPLAIN QUERY PLAN ${asked.sql}`, asked.params)) as { detail: string }[];
    const plan = steps.map(({ detail }) => detail).join('\n');
    expect(plan).toMatch(
      /SEARCH atome_field_values USING (COVERING )?INDEX atome_field_values_by_\w+ \(field_tenant=\? AND field=\?/,
    );
    expect(plan).toMatch(/SEARCH atome_atomes USING INDEX sqlite_autoindex_atome_atomes_1 \(tenant=\? AND id=\?\)/);
    expect(plan).not.toContain('SEARCH atome_atomes USING INDEX atome_atomes_by');
    expect(plan).not.toContain('SCAN atome_');
  }

  const where = (input: object) => parseCondition(input);

  it.each<[string, Partial<ListQuery>, string]>([
    ['few with a value', { where: where({ 'data.status': 'urgent' }) }, 'k0=? AND k1=?'],
    ['the newest of many with a value', { where: where({ 'data.status': 'open' }) }, 'k0=? AND k1=?'],
    ['those of some values', { where: where({ 'data.dueAt': { in: [5, 6, 7] } }) }, 'k0=? AND k1=?'],
    ['a range', { where: where({ 'data.dueAt': { gte: 10, lt: 20 } }) }, 'k0=? AND k1>? AND k1<?'],
    [
      'a range in its order',
      { where: where({ 'data.dueAt': { gt: 1_000 } }), sort: parseSort('data.dueAt') },
      'k0=? AND k1>?',
    ],
    ['an order', { sort: parseSort('data.dueAt') }, 'field=?'],
    ['an order downwards', { sort: parseSort('-data.dueAt') }, 'field=?'],
    ['an order of two fields', { sort: parseSort('-data.dueAt,data.title') }, 'field=?'],
    [
      'what may be seen',
      { where: where({ 'data.status': 'open' }), visibleTo: { names: ['user:me'], exceptKinds: [] } },
      'k0=?',
    ],
    ['more that must be true', { where: where({ 'data.status': 'open', 'data.dueAt': { gte: 0 } }) }, 'k0=? AND k1=?'],
  ])('is looked at for %s, page after page', async (_what, query, columns) => {
    const rows = await page(query);
    expect(rows.length).toBeGreaterThan(0);
    await expectFew(6 * (PAGE + 2));
    if (!isPostgres) {
      const [{ detail }] = (
        (await store.query(TENANT, `EXPLAIN QUERY PLAN ${asked.sql}`, asked.params)) as { detail: string }[]
      ).filter(({ detail }) => detail.includes('SEARCH atome_field_values')) as [{ detail: string }];
      expect(detail).toContain(columns);
    }
    const read = [...rows];
    for (let last = rows.at(-1); last && read.length < 200;) {
      const next = await page({ ...query, after: placeOf({ ...ALL, ...query }, last) });
      if (next.length > 0) await expectFew(6 * (PAGE + 2));
      read.push(...next);
      last = next.length === PAGE ? next.at(-1) : undefined;
    }
    const walked = await page({ ...query, kind: undefined, type: undefined, limit: 1_000 });
    const inOrder = walked.filter(({ kind }) => kind === 'task').map(({ id }) => id);
    expect(read.map(({ id }) => id)).toEqual(inOrder.slice(0, read.length));
  });

  describe('follows', () => {
    const ids = async (input: object, from: SqlStore = store): Promise<string[]> => {
      const rows = await from.ledger('moving').queries.list({ ...ALL, where: where(input), limit: 500 });
      return rows.map(({ id }) => id).sort();
    };
    const put = (...rows: AtomeRow[]): Promise<void> => putRows(store, 'moving', { atomes: rows });
    const at = (id: string, seq: number, status: unknown, more: Partial<AtomeRow> = {}): AtomeRow =>
      atomeRow(id, seq, { kind: 'task', createdSeq: 1, data: JSON.stringify({ status }), ...more });

    it('each write: another value, another kind, a deletion, a return', async () => {
      await putRows(store, 'moving', created(at('a', 1, 'x', { createdSeq: 1 }), at('b', 2, 'x', { createdSeq: 2 })));
      expect(await ids({ 'data.status': 'x' })).toEqual(['a', 'b']);
      await put(at('a', 3, 'y'));
      expect([await ids({ 'data.status': 'x' }), await ids({ 'data.status': 'y' })]).toEqual([['b'], ['a']]);
      await put(at('a', 4, 'x', { kind: 'other' }), at('b', 5, 'x', { deletedAt: 'now' }));
      expect(await ids({ 'data.status': 'x' })).toEqual([]);
      await put(at('a', 6, 'x'), at('b', 7, 'x'));
      expect(await ids({ 'data.status': 'x' })).toEqual(['a', 'b']);
    });

    it('what others take away and make again: no answer is short meanwhile', async () => {
      const other = await openStore(database.url);
      const some = { 'data.status': 'x' };
      await put(at('c', 8, 'x'));
      expect(store.fields.serves({ ...ALL, where: where(some) })).toBe(true);
      other.fields.begin(wanted('data.dueAt'), REPORT);
      await other.fields.kept();
      await put(at('c', 9, 'z'), at('d', 10, 'x'));
      expect(await ids(some)).toEqual(['a', 'b', 'd']);
      expect(store.fields.serves({ ...ALL, where: where(some) })).toBe(false);
      // what it had of the time before is not in it
      other.fields.begin(wanted('data.status', 'data.dueAt'), REPORT);
      await other.fields.kept();
      expect(other.fields.serves({ ...ALL, where: where(some) })).toBe(true);
      expect(await ids(some, other)).toEqual(['a', 'b', 'd']);
      expect(await other.ledger(TENANT).queries.count({ ...ALL, where: where({ 'data.status': 'urgent' }) })).toBe(8);
      await other.close();
    });

    it('what is there, made by several servers at once, and gone on with after it was left', async () => {
      const stores = await Promise.all([1, 2, 3].map(() => openStore(database.url)));
      const [first] = stores as [SqlStore];
      first.fields.begin(wanted('data.title'), REPORT);
      await first.fields.end();
      for (const each of stores.slice(1)) each.fields.begin(wanted('data.title'), REPORT);
      await Promise.all(stores.slice(1).map(({ fields }) => fields.kept()));
      for (const each of stores.slice(1)) {
        const query = { ...ALL, sort: parseSort('data.title'), limit: 5_000 };
        expect(each.fields.serves(query)).toBe(true);
        expect(await each.ledger(TENANT).queries.list(query)).toHaveLength((ATOMES * 3) / 4);
      }
      await Promise.all(stores.map((each) => each.close()));
    });

    describe('what servers with other kinds', () => {
      const urgent = { ...ALL, where: where({ 'data.status': 'urgent' }) };
      /** A server that is held back before its first statement of this kind, or behind so many of them. */
      async function held(statement: string, behind = 0): Promise<[SqlStore, Gate]> {
        const each = await openStore(database.url);
        const gate = new Gate();
        const transact = each.transact.bind(each);
        let count = 0;
        each.transact = async (...statements) => {
          if (statements.some(([text]) => text.startsWith(statement)) && ++count > behind) await gate.pass();
          return transact(...statements);
        };
        return [each, gate];
      }

      it('take away while one has filled in all but has not said so: it does not say so any more', async () => {
        const [filling, filled] = await held('UPDATE atome_field_indexes SET state');
        const [removing, left] = await held('DELETE FROM atome_field_values');
        const failed = new Gate();
        filling.fields.begin(wanted('data.title', 'data.status'), { ...REPORT, failed: () => void failed.pass() });
        await filled.reached;
        removing.fields.begin(wanted('data.title'), REPORT);
        await left.reached;
        filled.open();
        await Promise.race([filling.fields.kept(), failed.reached]);
        left.open();
        await removing.fields.kept();
        expect(await filling.ledger(TENANT).queries.count(urgent)).toBe(8);
        await Promise.all([filling.close(), removing.close()]);
      });

      it('have taken away and begin anew while one is in the midst of it: it leaves nothing out', async () => {
        // behind the two steps of another tenant, and the first of this one
        const step = 'UPDATE atome_field_indexes SET tenant';
        const [[filling, half], [again, begun]] = await Promise.all([held(step, 3), held(step)]);
        const removing = await openStore(database.url);
        removing.fields.begin(wanted('data.title'), REPORT);
        await removing.fields.kept();
        filling.fields.begin(wanted('data.title', 'data.status'), REPORT);
        await half.reached;
        removing.fields.begin(wanted('data.title'), REPORT);
        await removing.fields.kept();
        again.fields.begin(wanted('data.title', 'data.status'), REPORT);
        await begun.reached;
        half.open();
        await filling.fields.kept();
        expect(await filling.ledger(TENANT).queries.count(urgent)).toBe(8);
        begun.open();
        await again.fields.kept();
        expect(await again.ledger(TENANT).queries.count(urgent)).toBe(8);
        await Promise.all([filling, removing, again].map((each) => each.close()));
      });

      it('have taken away and made again while another was about to take it away', async () => {
        const [late, left] = await held('DELETE FROM atome_field_values');
        const [first, second] = await Promise.all([openStore(database.url), openStore(database.url)]);
        first.fields.begin(wanted('data.title', 'data.status'), REPORT);
        await first.fields.kept();
        late.fields.begin(wanted('data.title'), REPORT);
        await left.reached;
        second.fields.begin(wanted('data.title', 'data.status'), REPORT);
        await second.fields.kept();
        left.open();
        await late.fields.kept();
        expect(second.fields.serves(urgent)).toBe(true);
        expect(await second.ledger(TENANT).queries.count(urgent)).toBe(8);
        await Promise.all([late, first, second].map((each) => each.close()));
      });
    });
  });
});
