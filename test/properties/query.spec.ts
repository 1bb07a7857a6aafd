import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { placeOf } from '../../src/ledger/read/sort-value.js';
import type { ListPlace, ListQuery } from '../../src/ledger/store.js';
import {
  compareAtomes,
  matchesCondition,
  OPERATORS,
  parseCondition,
  parseSort,
  type Atome,
  type JsonObject,
  type JsonValue,
} from '../../src/protocol/index.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { openLedger, TENANT, write, type TestLedger } from '../support/ledger/ledger.js';

const ALL: ListQuery = { includeDeleted: false, sortBy: 'id', sortOrder: 'asc', limit: 1_000, offset: 0 };
const DOCUMENTS = 60;

/** Few words and numbers, so that they meet; and what is hard for one of the three who judge. */
const texts = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'ab',
    'abc',
    'b',
    'A',
    'ä',
    '5',
    'true',
    'null',
    '\u{1f600}',
    '\ufb00',
    'a"b',
    'a\\b',
    '\\u0000',
  ),
  fc.string({ maxLength: 4 }),
);
const numbers = fc.oneof(
  fc.constantFrom(0, 1, -1, 1.5, 5, 1e21, 1e-7, 2 ** 53, 0.1, 0.3),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value || 0),
);
const scalars: fc.Arbitrary<JsonValue> = fc.oneof(texts, numbers, fc.boolean(), fc.constant(null));
const KEYS = ['a', 'b', '0', 'ä', "it's", '$x', ' ', 'x-y', '?'];
const key = fc.constantFrom(...KEYS);
/** Never in a query: no database has a text for it. */
const odd = fc.constantFrom('a\0b', '\0', '\ud800', 'x\udfff\\');
const values = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalars,
    odd,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3 }) as fc.Arbitrary<JsonObject>,
  ),
})).value;
const documents = fc.dictionary(key, values, { maxKeys: 4 }) as fc.Arbitrary<JsonObject>;

const fields = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom('data', 'meta'), fc.array(key, { minLength: 1, maxLength: 3 })) },
  { weight: 1, arbitrary: fc.constantFrom('id', 'kind', 'type', 'parentId', 'ownerId', 'version', 'createdAt') },
);
const field = fields.map((each) => (typeof each === 'string' ? each : [each[0], ...each[1]].join('.')));
const own = fc.constantFrom('note', 'd1', 'd2', 1, null, 'somebody', '2');
const operation = fc.constantFrom(...OPERATORS).chain((operator): fc.Arbitrary<[string, JsonValue]> => {
  const operand: Partial<Record<string, fc.Arbitrary<JsonValue>>> = {
    in: fc.array(scalars, { minLength: 1, maxLength: 3 }),
    nin: fc.array(scalars, { minLength: 1, maxLength: 3 }),
    exists: fc.boolean(),
    startsWith: texts,
    ...Object.fromEntries(['gt', 'gte', 'lt', 'lte'].map((name) => [name, fc.oneof(texts, numbers)])),
  };
  return (operand[operator] ?? fc.oneof(scalars, own)).map((value) => [operator, value]);
});
const comparisons = fc.dictionary(
  field,
  operation.map((each) => Object.fromEntries([each])),
  {
    minKeys: 1,
    maxKeys: 2,
  },
) as fc.Arbitrary<JsonObject>;
const conditions = fc.oneof(
  comparisons,
  fc
    .tuple(fc.constantFrom('and', 'or'), fc.array(comparisons, { minLength: 1, maxLength: 3 }))
    .map(([name, members]): JsonObject => ({ [name]: members })),
);

const sorts = fc
  .uniqueArray(fc.tuple(field, fc.constantFrom('', '-')), { minLength: 1, maxLength: 3, selector: ([name]) => name })
  .map((fields) => fields.map(([name, sign]) => sign + name).join(','));

describe.each(DATABASES)('a condition on %s', (_name, make) => {
  let database: Database;
  let store: SqlStore;
  let ledger: TestLedger;
  let atomes: readonly Atome[];
  beforeAll(async () => {
    database = await make();
    store = await openStore(database.url);
    ledger = await openLedger(store);
    const contents = fc.sample(fc.tuple(documents, documents), { numRuns: DOCUMENTS, seed: 7 });
    await Promise.all(
      contents.map(([data, meta], n) =>
        ledger.write(write(`d${n}`, 'create', { kind: 'note', type: null, data, meta, parentId: null })),
      ),
    );
    atomes = await Promise.all(contents.map((_, n) => ledger.reader.get(TENANT, `d${n}`)));
  });
  afterAll(async () => {
    await ledger.close();
    await database.drop();
  });

  it('is true of the same atomes in the database and in JavaScript', async () => {
    await fc.assert(
      fc.asyncProperty(conditions, async (input) => {
        const where = parseCondition(input);
        const rows = await store.ledger(TENANT).atomes.list({ ...ALL, where });
        const wanted = atomes.filter((atome) => matchesCondition(where, atome)).map(({ id }) => id);
        expect(rows.map(({ id }) => id)).toEqual(wanted.sort());
        expect(await store.ledger(TENANT).atomes.count({ ...ALL, where })).toBe(wanted.length);
      }),
      { numRuns: 200 },
    );
  });

  it('is in the same order in the database and in JavaScript, however it is read', async () => {
    const idsOf = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id);
    await fc.assert(
      fc.asyncProperty(sorts, fc.option(conditions), fc.integer({ min: 5, max: 40 }), async (text, input, limit) => {
        const sort = parseSort(text);
        const where = input ? parseCondition(input) : undefined;
        const query = { ...ALL, sort, where };
        const wanted = atomes.filter((atome) => !where || matchesCondition(where, atome));
        const inOrder = idsOf(wanted.sort((one, other) => compareAtomes(sort, one, other)));
        expect(idsOf(await store.ledger(TENANT).atomes.list(query, 1e9))).toEqual(inOrder);
        const read: string[] = [];
        for (let after: ListPlace | undefined; ;) {
          const rows = await store.ledger(TENANT).atomes.list({ ...query, limit, after });
          read.push(...idsOf(rows));
          if (rows.length < limit) break;
          after = placeOf(query, rows.at(-1)!);
        }
        expect(read).toEqual(inOrder);
      }),
      { numRuns: 150 },
    );
  });
});
