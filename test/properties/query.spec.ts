import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../support/properties.js';
import { createLiveResult } from '../../client/src/query/live-result.js';
import { where as sdkWhere } from '../../client/src/where.js';
import { readChanges } from '../../src/feed/changes.js';
import { openTenantLog, type TenantLog } from '../../src/feed/tenant-log.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { placeOf } from '../../src/ledger/read/sort-value.js';
import type { ListCursor, ListQuery } from '../../src/ledger/store.js';
import {
  compareAtomes,
  matchesCondition,
  parseCondition,
  parseFieldPath,
  parseSort,
  type Atome,
  type AtomeCreated,
  type Condition,
  type DocumentField,
} from '../../src/protocol/index.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { feedParts } from '../support/feed/feed-parts.js';
import { openLedger, SOMEBODY, TENANT, write, type TestLedger } from '../support/ledger/ledger.js';
import { conditions, documents, field, KEYS } from '../support/models/conditions.js';

const ALL: ListQuery = { includeDeleted: false, sortBy: 'id', sortOrder: 'asc', limit: 1_000, offset: 0 };
const DOCUMENTS = 60;
/** Those are looked for in an index where a list is of one kind. */
const INDEXED = [...KEYS, 'a.a', 'a.b', 'b.a'].map((path) => {
  return { kind: 'note', field: parseFieldPath(`data.${path}`) as DocumentField };
});
const kinds = fc.constantFrom(undefined, 'note');

const sorts = fc
  .uniqueArray(fc.tuple(field, fc.constantFrom('', '-')), { minLength: 1, maxLength: 3, selector: ([name]) => name })
  .map((fields) => fields.map(([name, sign]) => sign + name).join(','));

describe.each(DATABASES)('a condition on %s', (_name, make) => {
  let database: Database;
  let store: SqlStore;
  let ledger: TestLedger;
  let atomes: readonly Atome[];
  let log: TenantLog;
  beforeAll(async () => {
    database = await make();
    store = await openStore(database.url);
    ledger = await openLedger(store);
    const contents = fc.sample(fc.tuple(documents, documents), { numRuns: DOCUMENTS, seed: 7 });
    const create = async (from: number, to: number): Promise<void> => {
      const some = contents.slice(from, to).map(([data, meta], n) => {
        const changes = { kind: 'note', type: null, data, meta, parentId: null };
        return ledger.write(write(`d${from + n}`, 'create', changes));
      });
      await Promise.all(some);
    };
    await create(0, DOCUMENTS / 2);
    store.fields.begin(INDEXED, { done: () => undefined, failed: (line) => expect(line).toBe('') });
    await store.fields.kept();
    await create(DOCUMENTS / 2, DOCUMENTS);
    atomes = await Promise.all(contents.map((_, n) => ledger.reader.get(`d${n}`)));
    log = openTenantLog(TENANT, await ledger.reader.head(), feedParts(ledger.ledgers));
  });
  afterAll(async () => {
    await ledger.close();
    await database.drop();
  });

  /** Those that a follower is told of who begins anew. */
  const followed = async (where: Condition, compact: boolean): Promise<string[]> => {
    const request = { principal: SOMEBODY, rights: '', limit: 1_000, waitMs: 0, signal: new AbortController().signal };
    const { events } = await readChanges(log, { ...request, cursor: { since: 0 }, filter: { where }, compact });
    return events.map((event) => (JSON.parse(event) as AtomeCreated).atome.id).sort();
  };

  it('is true of the same atomes in the database, in the feed and in a client', async () => {
    await fc.assert(
      fc.asyncProperty(conditions, kinds, async (input, kind) => {
        const where = parseCondition(input);
        const rows = await store.ledger(TENANT).queries.list({ ...ALL, where, kind });
        const wanted = atomes.filter((atome) => matchesCondition(where, atome)).map(({ id }) => id);
        expect(rows.map(({ id }) => id)).toEqual(wanted.sort());
        const { atomes: asked } = createLiveResult({ where: sdkWhere(input) }, () => atomes);
        expect(asked.map(({ id }) => id)).toEqual(wanted);
        expect(await followed(where, false)).toEqual(wanted);
        expect(await followed(where, true)).toEqual(wanted);
        expect(await store.ledger(TENANT).queries.count({ ...ALL, where, kind })).toBe(wanted.length);
        const total = { total: wanted.length, isExact: true };
        expect(await store.ledger(TENANT).queries.countNewest({ ...ALL, where, kind }, 1_000)).toEqual(total);
      }),
      { numRuns: 200 },
    );
  });

  it('is in the same order in the database and in JavaScript, however it is read', async () => {
    const idsOf = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id);
    await fc.assert(
      fc.asyncProperty(
        sorts,
        fc.option(conditions),
        kinds,
        fc.integer({ min: 5, max: 40 }),
        async (text, input, kind, limit) => {
          const sort = parseSort(text);
          const where = input ? parseCondition(input) : undefined;
          const query = { ...ALL, sort, where, kind };
          const wanted = atomes.filter((atome) => !where || matchesCondition(where, atome));
          const inOrder = idsOf(wanted.sort((one, other) => compareAtomes(sort, one, other)));
          expect(idsOf(await store.ledger(TENANT).queries.list(query, 1e9))).toEqual(inOrder);
          const read: string[] = [];
          for (let after: ListCursor | undefined; ;) {
            const rows = await store.ledger(TENANT).queries.list({ ...query, limit, after });
            read.push(...idsOf(rows));
            if (rows.length < limit) break;
            after = placeOf(query, rows.at(-1)!);
          }
          expect(read).toEqual(inOrder);
        },
      ),
      { numRuns: 150 },
    );
  });
});
