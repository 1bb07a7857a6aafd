import { describe, expect, it } from '@jest/globals';
import { ValidationPipe, type Type } from '@nestjs/common';
import fc from '../support/properties.js';
import {
  AlterAtomeDto,
  CreateAtomeDto,
  DeleteAtomeDto,
  RenameAtomeDto,
  ReplaceAtomeDto,
  RestoreAtomeDto,
  ShareAtomeDto,
} from '../../src/atome/atome.dto.js';
import * as parsers from '../../src/protocol/index.js';
import { DEFAULT_LIMITS, MAX_VERSION } from '../../src/protocol/index.js';
import { object, patch } from '../support/models/arbitraries.js';
import { refusal } from '../support/refusal.js';

type Body = Record<string, unknown>;

/** Mostly what fits, now and then what does not. */
const mostly = (fits: fc.Arbitrary<unknown>, ...others: unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 5, arbitrary: fits }, { weight: 1, arbitrary: fc.constantFrom(...others) });

const names = mostly(
  fc.constantFrom('note', 'a:1', 'x'.repeat(64)),
  ...['x'.repeat(65), 'x'.repeat(128), 'x'.repeat(129), '', 'a b', 'é'],
);
const reasons = mostly(
  fc.constantFrom('why', '', 'a\nb\t', '😀'.repeat(500), 'x'.repeat(1_000)),
  ...['a\u0000', '\ud800', '😀'.repeat(501), 'x'.repeat(1_001)],
);
const steps = fc.oneof(
  patch,
  fc.array(
    fc.record(
      { op: fc.constantFrom('add', 'move', 'test', 'x', 1), path: fc.constantFrom('', '/a', 'a', null) },
      { requiredKeys: [] },
    ),
    { maxLength: 2 },
  ),
);
const changes = fc.oneof(
  object,
  steps,
  fc.constantFrom<Body>(
    { name: 'n' },
    { name: 1 },
    { name: 'n', more: 1 },
    { tags: [] },
    { tags: ['t'] },
    { tags: [1] },
    { tags: 't' },
    {},
  ),
);
const versions = mostly(fc.constantFrom(1, 2, MAX_VERSION), 0, -1, 1.5, MAX_VERSION + 1, 1e300, '1');
/** Without the keys that only the parser refuses: what is inside `data` is none of a DTO's business. */
const jsonValue = fc
  .jsonValue({ maxDepth: 2 })
  .filter((value) => !/"(?:__proto__|constructor|prototype)":/.test(JSON.stringify(value)));
const anything = fc.oneof(jsonValue, fc.constantFrom(null, true, [], {}, 1, ''));

/** For each field what often fits, and sometimes does not. */
const FIELDS = {
  id: names,
  kind: names,
  type: names,
  parentId: names,
  data: object,
  meta: object,
  reason: reasons,
  operation: mostly(fc.constantFrom('update', 'patch', 'patch', 'rename', 'tag'), 'restore', 'delete', 'create'),
  changes,
  deviceId: mostly(fc.constantFrom('phone', 'x'.repeat(100)), '', 'a b', 'x'.repeat(101)),
  timestamp: mostly(fc.constantFrom(1, -1.5, 1e21, '2026-01-31T12:00:00Z', 'x'.repeat(40)), '', 'a b', 'x'.repeat(41)),
  access: mostly(
    fc.constantFrom('tenant', 'private', 'inherit', { read: ['ann', 'group:x', '*'], write: [] }),
    ...[
      null,
      'public',
      {},
      [],
      { read: [] },
      { read: ['a b'], write: [] },
      { read: [], write: [1] },
      { read: [], write: [], x: 1 },
    ],
  ),
  newName: fc.constantFrom('n', '', '\u0000'),
  version: versions,
} as const;
type Field = keyof typeof FIELDS;

const stray = fc.oneof(
  { weight: 11, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('colour', 'seq', 'ID', ''), anything) },
);

/** A body with all of `needed`, some of `others`, and now and then something else. */
function bodies(needed: readonly Field[], others: readonly Field[]): fc.Arbitrary<Body> {
  const fields: Record<string, fc.Arbitrary<unknown>> = {};
  for (const name of [...needed, ...others]) {
    fields[name] = fc.oneof(
      { weight: 9, arbitrary: FIELDS[name] as fc.Arbitrary<unknown> },
      { weight: 1, arbitrary: anything },
    );
  }
  const rarelyWithout = fc.oneof(
    { weight: 9, arbitrary: fc.constant(needed) },
    { weight: 1, arbitrary: fc.subarray([...needed]) },
  );
  return fc
    .tuple(fc.record(fields, { requiredKeys: [] }), fc.record(fields), rarelyWithout, stray)
    .map(([some, all, kept, extra]) => ({
      ...Object.fromEntries(Object.entries(some).filter(([name]) => !needed.includes(name as Field))),
      ...Object.fromEntries(kept.map((name) => [name, all[name]])),
      ...(extra && { [extra[0]]: extra[1] }),
    }));
}

const NONE = {};
const PARTS = ['kind', 'type', 'data', 'meta', 'parentId'] as const;
const CASES: readonly (readonly [string, Type<unknown>, (body: Body) => unknown, fc.Arbitrary<Body>])[] = [
  [
    'create',
    CreateAtomeDto,
    (body) => parsers.parseCreateBody(body, NONE, DEFAULT_LIMITS),
    bodies(['kind', 'data'], ['id', 'type', 'meta', 'parentId', 'access']),
  ],
  [
    'alter',
    AlterAtomeDto,
    (body) => parsers.parseAlterBody('a', body, NONE, DEFAULT_LIMITS),
    bodies(['operation', 'changes'], ['reason', 'deviceId', 'timestamp']),
  ],
  [
    'replace',
    ReplaceAtomeDto,
    (body) => parsers.parseReplaceBody('a', body, NONE, DEFAULT_LIMITS),
    bodies([], [...PARTS, 'reason']),
  ],
  [
    'rename',
    RenameAtomeDto,
    (body) => parsers.parseRenameBody('a', body, NONE, DEFAULT_LIMITS),
    bodies(['newName'], ['reason']),
  ],
  [
    'delete',
    DeleteAtomeDto,
    (body) => parsers.parseDeleteBody('a', body, NONE, DEFAULT_LIMITS),
    bodies([], ['reason']),
  ],
  [
    'restore',
    RestoreAtomeDto,
    (body) => parsers.parseRestoreBody('a', body, NONE, DEFAULT_LIMITS),
    bodies(['version'], ['reason']),
  ],
  [
    'share',
    ShareAtomeDto,
    (body) => parsers.parseShareBody('a', body, NONE, DEFAULT_LIMITS),
    bodies(['access'], ['reason']),
  ],
];

const PIPE = new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true });

function accepts(metatype: Type<unknown>, body: Body): Promise<boolean> {
  return PIPE.transform(body, { type: 'body', metatype }).then(
    () => true,
    () => false,
  );
}

describe.each(CASES)('the DTO of %s', (_name, dto, parse, body) => {
  it('accepts what the parser accepts, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(body, async (sent) => {
        const refused = refusal(() => parse(structuredClone(sent)));
        expect({ sent, accepted: await accepts(dto, structuredClone(sent)) }).toEqual({
          sent,
          accepted: refused.length === 0,
        });
      }),
      { numRuns: 500 },
    );
  });

  it('is shown bodies of both kinds', () => {
    const verdicts = fc.sample(body, { numRuns: 200, seed: 1 }).map((sent) => refusal(() => parse(sent)).length === 0);
    expect(new Set(verdicts)).toEqual(new Set([true, false]));
    expect(verdicts.filter(Boolean).length).toBeGreaterThan(20);
  });
});
