/**
 * JSON Patch is not loaded yet.
 * @ownModules
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/properties.js';
import { fold, type Atome, type Change, type JsonObject } from '../../../src/protocol/index.js';
import type { PendingWrite } from '../storage/store.js';
import { after, prepare } from './optimistic.js';

const OP_ID = '01900000-0000-7000-8000-000000000000';
const AT = new Date(0x019000000000).toISOString();

const NOTE: Atome = {
  ...{ id: 'a', kind: 'note', type: null, data: { a: { b: 1 }, list: [1] }, meta: { m: 1 }, parentId: null },
  ...{ ownerId: 'ada', version: 3, createdAt: '', updatedAt: '', deletedAt: null },
};

/** The atome after the protocol's fold of the same change, without its stamps. */
function folded(atome: Atome | null, change: Change): Omit<Atome, 'clocks'> {
  const told = { atomeId: 'a', version: (atome?.version ?? 0) + 1, hlc: '', timestamp: AT, author: '', superseded: [] };
  const { clocks: _clocks, ...state } = fold(atome && { ...atome, clocks: {} }, { ...change, ...told });
  return state;
}

const write = (fields: Partial<PendingWrite>): PendingWrite =>
  ({ opId: OP_ID, atomeId: 'a', ...fields }) as PendingWrite;

/** As a write has it, in which -0 is 0. */
const json = (): fc.Arbitrary<JsonObject> =>
  fc
    .dictionary(fc.constantFrom('a', 'b', 'list', 'name'), fc.jsonValue({ maxDepth: 2 }))
    .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);

const path = fc.constantFrom('/a', '/a/b', '/list/0', '/list/-', '/new', '/no/such', '');
const step = fc.oneof(
  fc.record({ op: fc.constantFrom('add', 'replace', 'test'), path, value: json() }),
  fc.record({ op: fc.constant('remove'), path }),
  fc.record({ op: fc.constantFrom('move', 'copy'), from: path, path }),
);

describe('a pending write', () => {
  // before the others: it is loaded once for the whole process
  it('with JSON Patch shows once that has been loaded', async () => {
    const patch = write({ operation: 'patch', changes: [{ op: 'remove', path: '/list' }] });
    expect(after(NOTE, patch)).toBe(NOTE);
    await prepare([patch]);
    expect(prepare([patch])).toBeUndefined();
    expect(after(NOTE, patch)!.data).toEqual({ a: { b: 1 } });
  });

  describe('is shown as the protocol folds it', () => {
    beforeAll(() => prepare([{ changes: [] }]));

    it.each<[string, fc.Arbitrary<unknown>]>([
      ['update', json()],
      ['patch', json()],
      ['patch', fc.array(step, { maxLength: 3 })],
      ['rename', fc.record({ name: fc.string() })],
      ['tag', fc.record({ tags: fc.array(fc.string()) })],
      ['delete', fc.constant({})],
    ])('%s %#', (operation, arbitrary) => {
      fc.assert(
        fc.property(arbitrary, (changes) => {
          let expected: object = NOTE;
          try {
            expected = folded(NOTE, { operation, changes } as Change);
          } catch {
            // it does not fit: nothing of it is shown
          }
          expect(after(NOTE, write({ operation, changes: changes as never }))).toEqual(expected);
        }),
      );
    });

    const part = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
      fc.option(arbitrary, { nil: undefined });

    it.each(['tenant', 'private', { read: ['bob'], write: ['group:editors'] }] as const)('share %j', (access) => {
      for (const note of [NOTE, { ...NOTE, access: 'inherit', inherited: 'private' } as const]) {
        expect(after(note, write({ operation: 'share', changes: { access } as never }))).toEqual(
          folded(note, { operation: 'share', changes: { access } }),
        );
      }
    });

    it('share with the parent, but for what that comes to', () => {
      const note = { ...NOTE, access: 'private' } as const;
      expect(after(note, write({ operation: 'share', changes: { access: 'inherit' } }))).toEqual({
        ...folded(note, { operation: 'share', changes: { access: 'inherit' } }),
        inherited: undefined,
      });
    });

    it('replace', () => {
      const content = fc.record({ kind: part(fc.string()), type: part(fc.string()), data: part(json()) });
      fc.assert(
        fc.property(content, part(json()), part(fc.constantFrom('p', null)), ({ kind, type, data }, meta, parentId) => {
          const changes = { kind, type, data, meta, parentId };
          const { type: atomeType, ...fields } = changes;
          expect(after(NOTE, write({ operation: 'replace', ...fields, atomeType }))).toEqual(
            folded(NOTE, { operation: 'replace', changes }),
          );
        }),
      );
    });

    it('create', () => {
      fc.assert(
        fc.property(json(), json(), part(fc.constantFrom('tenant', 'private')), (data, meta, access) => {
          const changes = { kind: 'note', type: 'memo', data, meta, parentId: 'p', ...(access && { access }) } as const;
          const { type: atomeType, ...fields } = changes;
          expect(after(undefined, write({ operation: 'create', ...fields, atomeType }))).toEqual(
            folded(null, { operation: 'create', changes }),
          );
        }),
      );
    });
  });
});
