import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AtomeError,
  AtomeService,
  type BeforeWrite,
  type JsonObject,
  type Principal,
  type WriteContext,
} from '../../src/index.js';
import { ANONYMOUS } from '../../src/auth/authentication/anonymous.js';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import { LEDGER_STORE, type LedgerStore } from '../../src/ledger/store.js';
import { jsonOf } from '../../src/protocol/json.js';
import { startEmbedded, type EmbeddedApp } from '../support/embedded.js';
import fc from '../support/properties.js';

class Point {
  constructor(readonly x: number) {}
}

const key = fc.constantFrom('a', 'b', 'c', '7');
/** What code has in its objects, whether JSON has it or not; few values, so that some change nothing. */
const odd = fc.constantFrom<unknown>(
  ...[
    undefined,
    null,
    1,
    'text',
    new Date(0),
    new Date(NaN),
    new Point(1),
    Object(2),
    new Map([[1, 2]]),
    [1, undefined],
  ],
  ...[{ toJSON: () => 3 }, { toJSON: () => undefined }, { toJSON: () => ({ deep: undefined }) }, { toJSON: 'text' }],
  ...[() => 1, Symbol('s'), 1n, NaN, Object(1n), Object(NaN), Array(2)],
);
/** Most of it is usual: what is refused shows little. */
const { value, object } = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    {
      weight: 3,
      arbitrary: fc.constantFrom<unknown>(undefined, 1, null, 'text', new Date(0), { toJSON: () => undefined }),
    },
    { weight: 1, arbitrary: odd },
    { weight: 2, arbitrary: tie('object') },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 2 }) },
  ),
  object: fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
}));
const path = fc.constantFrom('', '/a', '/b', '/c/a', '/7');
const steps = fc.array(fc.record({ op: fc.constantFrom('add', 'replace', 'test', 'remove'), path, value, from: odd }), {
  maxLength: 3,
});

type Call = (atomes: AtomeService, id: string, by: WriteContext) => Promise<unknown>;
const JSON_PATCH = 'application/json-patch+json';
const as = (given: unknown): never => given as never;

const call: fc.Arbitrary<Call> = fc.oneof(
  object.map(
    (changes): Call =>
      (atomes, id, by) =>
        atomes.alter(id, { operation: 'update', changes: as(changes) }, by),
  ),
  object.map(
    (changes): Call =>
      (atomes, id, by) =>
        atomes.alter(id, { operation: 'patch', changes: as(changes) }, by),
  ),
  object.map(
    (changes): Call =>
      (atomes, id, by) =>
        atomes.patch(id, as(changes), by),
  ),
  steps.map(
    (changes): Call =>
      (atomes, id, by) =>
        atomes.patch(id, as(changes), by, JSON_PATCH),
  ),
  fc.tuple(object, value).map(
    ([data, meta]): Call =>
      (atomes, id, by) =>
        atomes.replace(id, as({ data, meta, type: undefined }), by),
  ),
  fc.array(odd, { maxLength: 2 }).map(
    (tags): Call =>
      (atomes, id, by) =>
        atomes.alter(id, { operation: 'tag', changes: as({ tags }) }, by),
  ),
  odd.map(
    (reason): Call =>
      (atomes, id, by) =>
        atomes.rename(id, { newName: 'n', reason: as(reason) }, by),
  ),
  fc.constant<Call>((atomes, id, by) => atomes.restore(id, as({ version: 1, reason: undefined }), by)),
);

/** What the hook of `hooked` makes of writes, and adds to them. */
let hooked: { readonly changes: unknown; readonly added: unknown } | undefined;
const beforeWrite: BeforeWrite = ({ operation, changes }) => {
  if (!hooked || operation !== 'update') return undefined;
  const add = [{ operation: 'create', kind: 'added', data: hooked.added, reason: undefined }];
  return { changes: { ...(changes as object), ...(hooked.changes as object) }, add } as never;
};

describe('what code hands in', () => {
  let host: EmbeddedApp;
  let atomes: AtomeService;
  beforeAll(async () => {
    host = await startEmbedded({ kinds: { hooked: { beforeWrite } } });
    atomes = host.app.get(AtomeService, { strict: false });
  });
  afterAll(() => host.close());

  async function assertSound(id: string, principal: Principal): Promise<void> {
    const ledger = host.app.get<LedgerStore>(LEDGER_STORE, { strict: false }).ledger(principal.tenant);
    expect((await verifyLedger(ledger)).fault).toBeUndefined();
    const now = await atomes.get(id, undefined, principal);
    expect(await atomes.get(id, { version: now.version }, principal)).toEqual(now);
  }

  /** Resolves with what was written; a refusal must be one of the caller's values. */
  async function done<T>(write: Promise<T>): Promise<T | undefined> {
    try {
      return await write;
    } catch (error) {
      expect(error).toBeInstanceOf(AtomeError);
      expect(['invalid', 'patch_failed']).toContain((error as AtomeError).code);
      return undefined;
    }
  }

  it.each([
    ['small', 'note', {}],
    ['large', 'note', { pad: 'p'.repeat(70_000) }],
    ['hooked', 'hooked', {}],
  ])('is kept as JSON has it, or refused: in a %s atome state and ledger agree', async (_what, kind, pad) => {
    await fc.assert(
      fc.asyncProperty(object, fc.array(call, { maxLength: 4 }), object, async (data, calls, others) => {
        const id = randomUUID();
        const by = { principal: { id: 'somebody', tenant: id, roles: ['admin'] } };
        const made = await done(
          atomes.create({ id, kind, data: { ...(data as JsonObject), ...pad }, meta: as(undefined) }, by),
        );
        if (made) expect(made.atome.data).toEqual({ ...(jsonOf(data) as object), ...pad });
        else await atomes.create({ id, kind, data: pad }, by);
        hooked = { changes: others, added: others };
        for (const each of calls) {
          try {
            await each(atomes, id, by);
          } catch (error) {
            // what the hook returns is a fault of its own
            const { code } = error as AtomeError;
            expect([error, code]).toEqual([
              expect.any(AtomeError),
              expect.stringMatching(kind === 'hooked' ? /./ : /^(invalid|patch_failed)$/),
            ]);
          }
        }
        await assertSound(id, by.principal);
      }),
      { numRuns: 40 },
    );
  });

  it('takes no key away that it leaves undefined', async () => {
    hooked = undefined;
    const { id } = await atomes.create({ kind: 'note', data: { title: 'kept', x: 1 } });
    const changes = as({ title: undefined, y: new Date(0) });
    const { atome, alteration } = await atomes.alter(id, { operation: 'update', changes });
    expect(atome.data).toEqual({ title: 'kept', x: 1, y: '1970-01-01T00:00:00.000Z' });
    expect(alteration!.changes).toEqual({ y: '1970-01-01T00:00:00.000Z' });
    await atomes.patch(id, as({ title: undefined, x: null }));
    expect((await atomes.get(id)).data).toEqual({ title: 'kept', y: '1970-01-01T00:00:00.000Z' });
    await assertSound(id, ANONYMOUS);
  });

  it('is refused with the path of what JSON does not carry', async () => {
    const { id } = await atomes.create({ kind: 'note', data: {} });
    const changes = as({ list: [{ f: () => 1 }] });
    const alter = atomes.alter(id, { operation: 'update', changes });
    await expect(alter).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('changes.list.0.f'),
    });
  });
});
