import fc from '../properties.js';
import { OPERATORS, type JsonObject, type JsonValue } from '../../../src/protocol/index.js';

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
/** Integers of which JSON writes other digits than a double has: about 2^53, nanoseconds of today, 2^62 and 2^63. */
const wide = fc
  .tuple(
    fc.constantFrom(2 ** 53, 1_764_504_644_123_456_800, 2 ** 62, 2 ** 63),
    fc.integer({ min: -1, max: 1 }),
    fc.constantFrom(1, -1),
  )
  .map(([base, step, sign]) => sign * base * (1 + step * Number.EPSILON));
const numbers = fc.oneof(
  fc.constantFrom(0, 1, -1, 1.5, 5, 1e21, 1e-7, 2 ** 53, 0.1, 0.3),
  wide,
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value || 0),
);
const scalars: fc.Arbitrary<JsonValue> = fc.oneof(texts, numbers, fc.boolean(), fc.constant(null));
/** The keys of documents. */
export const KEYS = ['a', 'b', '0', 'ä', "it's", '$x', ' ', 'x-y', '?'];
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
/** What is in an atome. */
export const documents: fc.Arbitrary<JsonObject> = fc.oneof(
  { weight: 3, arbitrary: fc.dictionary(key, values, { maxKeys: 4 }) },
  { weight: 1, arbitrary: fc.record({ a: fc.oneof(wide, fc.tuple(wide, wide)) }) },
);

const fields = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom('data', 'meta'), fc.array(key, { minLength: 1, maxLength: 3 })) },
  { weight: 1, arbitrary: fc.constantFrom('id', 'kind', 'type', 'parentId', 'ownerId', 'version', 'createdAt') },
);
/** Names of fields. */
export const field = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom('data.a', 'meta.a') },
  { weight: 4, arbitrary: fields.map((each) => (typeof each === 'string' ? each : [each[0], ...each[1]].join('.'))) },
);
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
/** About one field, so that what is written and what is asked for are often the same number. */
const ofWide = fc
  .tuple(fc.constantFrom('data.a', 'meta.a'), fc.constantFrom('eq', 'gt', 'gte', 'lt', 'lte', 'contains'), wide)
  .map(([name, operator, value]): JsonObject => ({ [name]: { [operator]: value } }));
/** Conditions in their JSON form. */
export const conditions = fc.oneof(
  ofWide,
  comparisons,
  fc
    .tuple(fc.constantFrom('and', 'or'), fc.array(comparisons, { minLength: 1, maxLength: 3 }))
    .map(([name, members]): JsonObject => ({ [name]: members })),
);
