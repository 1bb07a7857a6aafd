import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type BetterSqlite3 from 'better-sqlite3';
import type { DataSource } from 'typeorm';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { selectList, type Dialect } from '../../src/ledger/stores/list.sql.js';
import type { ListQuery, LedgerStore, SortKey } from '../../src/ledger/store.js';

const ALL: ListQuery = { includeDeleted: false, sortBy: 'updatedAt', sortOrder: 'desc', limit: 20, offset: 0 };
const SOME = { names: ['user:me'], exceptKinds: ['secret'] };

/** The guard of what a page costs on a long ledger: a list walks an index in order, or finds the few that it is about. */
describe('the plan of a list on SQLite', () => {
  let store: LedgerStore;
  beforeAll(async () => {
    store = await openStore('sqlite::memory:');
  });
  afterAll(() => store.close());

  function planOf(query: Partial<ListQuery>): string {
    const { dataSource, dialect } = store as unknown as { dataSource: DataSource; dialect: Dialect };
    const { databaseConnection } = dataSource.driver as unknown as { databaseConnection: BetterSqlite3.Database };
    const { sql, params } = selectList('default', { ...ALL, ...query }, dialect);
    const steps = databaseConnection.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...params) as { detail: string }[];
    return steps.map(({ detail }) => detail).join('\n');
  }

  const ordered: [SortKey, Partial<ListQuery>, string][] = [
    ['updatedAt', {}, 'atome_atomes_by_seq'],
    ['updatedAt', { kind: 'note' }, 'atome_atomes_by_kind'],
    ['updatedAt', { parentId: null }, 'atome_atomes_by_parent'],
    ['createdAt', {}, 'atome_atomes_by_creation'],
    ['id', {}, 'sqlite_autoindex_atome_atomes_1'],
  ];
  describe.each([undefined, SOME])('seen by %j', (visibleTo) => {
    it.each(ordered)('in order of %s, filtered by %j, follows %s', (sortBy, filter, index) => {
      for (const after of [undefined, { value: 'x', id: 'x' }]) {
        const plan = planOf({ sortBy, visibleTo, after, ...filter });
        expect(plan).toContain(`USING INDEX ${index} `);
        expect(plan).not.toContain('TEMP B-TREE FOR ORDER BY');
      }
    });

    it.each<SortKey>(['updatedAt', 'createdAt', 'id', 'kind', 'type', 'version'])(
      'in order of %s below a parent looks at its children alone',
      (sortBy) => {
        for (const after of [undefined, { value: 'x', id: 'x' }]) {
          const plan = planOf({ sortBy, visibleTo, after, parentId: 'parent' });
          expect(plan).toContain('USING INDEX atome_atomes_by_parent (tenant=? AND parent_id=?');
        }
      },
    );
  });
});
