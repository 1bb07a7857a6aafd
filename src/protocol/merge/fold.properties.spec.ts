import { describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/properties.js';
import { content, hlc, json, mutation } from '../../../test/support/models/arbitraries.js';
import { AtomeLog } from '../../../test/support/clients/atome-log.js';
import type { AtomeState, Content } from '../atome.js';
import { AtomeError } from '../errors.js';
import { fold, foldOnto, type Foldable } from './fold.js';
import { clockAt, MAX_CLOCK_CHARS } from './keys.js';
import { formatHlc, type Hlc } from '../hlc.js';
import type { ReadyMutation } from '../operations.js';

const envelope = { opId: null, atomeId: 'a1', baseVersion: null, hlc: null, reason: null };
const first = content.map((changes): ReadyMutation => ({ ...envelope, operation: 'create', changes }));
const writes = fc.array(fc.tuple(mutation('a1'), hlc), { maxLength: 25 });

/** Writes them all; refusals are part of the game, anything else is not. */
function writeAll(log: AtomeLog, mutations: readonly (readonly [ReadyMutation, Hlc])[]): void {
  for (const [each, stamp] of mutations) {
    try {
      log.write(each, stamp);
    } catch (error) {
      expect(error).toBeInstanceOf(AtomeError);
    }
  }
}

const CONTENT: Content = { kind: 'note', type: null, data: {}, meta: {}, parentId: null };
const keyNames = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 });

/** Writes a value of its own to each key that it sets: to write what is there already is a no-op, not a concurrent write. */
function valued(stamp: Hlc, how: 'update' | 'patch' | 'replace', set: string[], taken: string[]): ReadyMutation {
  const values = Object.fromEntries(set.map((key) => [key, stamp]));
  if (how === 'replace') return { ...envelope, operation: 'replace', changes: { data: values } };
  if (how === 'update') return { ...envelope, operation: 'update', changes: values };
  const nulls = Object.fromEntries(taken.map((key) => [key, null]));
  return { ...envelope, operation: 'patch', changes: { ...nulls, ...values } };
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
  return value;
}

function valueAt(state: AtomeState, path: string): unknown {
  const [part, key] = path.split(/\.(.*)/s) as ['data' | 'meta', string | undefined];
  if (path === 'deleted') return state.deletedAt !== null;
  return key === undefined ? state[path as 'kind'] : state[part][key];
}

describe('the fold', () => {
  it('gives a replica the state of the server, out of the alterations as they were sent', () => {
    fc.assert(
      fc.property(first, hlc, writes, (create, stamp, rest) => {
        const server = new AtomeLog();
        writeAll(server, [[create, stamp], ...rest]);
        const sent = JSON.parse(JSON.stringify(server.alterations)) as Foldable[];
        const replica = sent.reduce<AtomeState | null>((state, each) => freeze(fold(state, freeze(each))), null);
        expect(replica).toEqual(server.state);
        expect(replica?.version).toBe(sent.length);
      }),
    );
  });

  it('gives history the same atome, onto one state that is changed in place', () => {
    fc.assert(
      fc.property(first, hlc, writes, (create, stamp, rest) => {
        const server = new AtomeLog();
        writeAll(server, [[create, stamp], ...rest]);
        const kept = JSON.parse(JSON.stringify(server.alterations)) as Foldable[];
        const states = kept.map((_, at) =>
          kept.slice(0, at + 1).reduce<AtomeState | null>((state, each) => fold(state, each), null),
        );
        let state: AtomeState | null = null;
        for (const [at, each] of (JSON.parse(JSON.stringify(kept)) as Foldable[]).entries()) {
          state = foldOnto(state, each);
          expect({ ...state, clocks: {} }).toEqual({ ...states[at], clocks: {} });
        }
      }),
    );
  });

  it('keeps stamps of a bounded length, and lets nothing older win on a key whose stamp is gone', () => {
    const log = new AtomeLog();
    const stampOf = (n: number): string => `${String(n).padStart(15, '0')}-0000-${'n'.repeat(60)}`;
    const keyOf = (n: number): string => `${n}`.padEnd(200, 'k');
    log.write({ ...envelope, operation: 'create', changes: { ...CONTENT, data: { first: 1 } } }, stampOf(1));
    const KEYS = 2_000;
    for (let n = 2; n <= KEYS; n += 1) {
      log.write({ ...envelope, operation: 'update', changes: { [keyOf(n)]: n } }, stampOf(n));
      expect(JSON.stringify(log.state!.clocks).length).toBeLessThan(MAX_CLOCK_CHARS + 500);
    }
    const { clocks } = log.state!;
    const own = Object.keys(clocks).length;
    expect(own).toBeLessThan(KEYS / 2);
    for (let n = 2; n <= KEYS; n += 1) expect(clockAt(log.state!, `data.${keyOf(n)}`)! >= stampOf(n)).toBe(true);
    expect(clockAt(log.state!, `data.${keyOf(KEYS)}`)).toBe(stampOf(KEYS));
    const lost = log.write({ ...envelope, operation: 'update', changes: { [keyOf(2)]: 'old', fresh: 1 } }, stampOf(1));
    expect(lost).toMatchObject({ superseded: [`data.${keyOf(2)}`] });
  });

  it('copies nothing of a state that it is to change in place', () => {
    const values = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`k${n}`, n]));
    const alteration = (version: number, change: object): Foldable =>
      ({
        atomeId: 'a',
        version,
        hlc: `t${version}`,
        timestamp: '',
        author: 'x',
        superseded: [],
        ...change,
      }) as unknown as Foldable;
    const state = foldOnto(
      null,
      alteration(1, {
        operation: 'create',
        changes: { ...CONTENT, data: { ...values, list: [0], map: { 0: 0, z: 0 } } },
      }),
    );
    const { data, meta, clocks } = state;
    const { list, map } = data;
    const next = [
      { operation: 'update', changes: { k1: 'new' } },
      { operation: 'patch', changes: { k2: null } },
      { operation: 'patch', changes: [{ op: 'remove', path: '/k3' }] },
      { operation: 'patch', changes: [{ op: 'add', path: '/list/-', value: 1 }] },
      { operation: 'patch', changes: [{ op: 'copy', from: '/map/0', path: '/map/x' }] },
      { operation: 'patch', changes: { map: { y: 1, 0: null } } },
      { operation: 'tag', changes: { tags: ['t'] } },
    ].reduce((before, change, at) => foldOnto(before, alteration(at + 2, change)), state);
    const isSame = { data: next.data === data, meta: next.meta === meta, clocks: next.clocks === clocks };
    expect({ ...isSame, list: next.data.list === list, map: next.data.map === map }).toEqual({
      data: true,
      meta: true,
      clocks: true,
      list: true,
      map: true,
    });
    expect(next).toMatchObject({ version: 8, data: { k1: 'new', k4: 4, list: [0, 1], map: { x: 0, y: 1, z: 0 } } });
    expect([next.meta, next.data.map]).toEqual([{ tags: ['t'] }, { x: 0, y: 1, z: 0 }]);
    expect(Object.keys(next.data)).toHaveLength(1_000);
  });

  it('leaves a superseded key as it was, and sets every other key that the write names', () => {
    const update = fc.dictionary(fc.constantFrom('a', 'b', 'c'), json, { minKeys: 1, noNullPrototype: true });
    fc.assert(
      fc.property(first, hlc, writes, update, hlc, (create, stamp, rest, changes, at) => {
        const log = new AtomeLog();
        writeAll(log, [[create, stamp], ...rest]);
        const before = log.state!;
        fc.pre(before.deletedAt === null);
        const decision = log.write({ ...envelope, operation: 'update', changes }, at);
        const superseded = decision.outcome === 'applied' ? decision.superseded : [];
        for (const [key, value] of Object.entries(changes)) {
          const lost = superseded.includes(`data.${key}`);
          expect(valueAt(log.state!, `data.${key}`)).toEqual(lost ? before.data[key] : value);
        }
        expect({ ...log.state!.data, ...changes }).toEqual({ ...before.data, ...changes });
      }),
    );
  });

  it('never touches a key on which an alteration is superseded, whatever the operation', () => {
    fc.assert(
      fc.property(first, hlc, writes, (create, stamp, rest) => {
        const log = new AtomeLog();
        writeAll(log, [[create, stamp], ...rest]);
        let state: AtomeState | null = null;
        for (const each of log.alterations) {
          const next: AtomeState = fold(state, each);
          for (const path of each.superseded) expect(valueAt(next, path)).toEqual(valueAt(state!, path));
          state = next;
        }
      }),
    );
  });

  it('ends the same whatever order concurrent updates arrive in', () => {
    const keys = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 });
    const concurrent = fc
      .array(fc.tuple(hlc, keys), { minLength: 1, maxLength: 12 })
      .map((all) => [...new Map(all)])
      // Each writes a value of its own: to write what is there already is a no-op, not a concurrent write.
      .map((all) =>
        all.map(([stamp, named]): readonly [ReadyMutation, Hlc] => [
          { ...envelope, operation: 'update', changes: Object.fromEntries(named.map((key) => [key, stamp])) },
          stamp,
        ]),
      );
    const shuffled = concurrent.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(first, shuffled, (create, [one, other]) => {
        const [a, b] = [new AtomeLog(), new AtomeLog()];
        writeAll(a, [[create, ''], ...one]);
        writeAll(b, [[create, ''], ...other]);
        expect(b.state?.data).toEqual(a.state?.data);
      }),
    );
  });

  it('ends the same whatever order updates, patches and replaces arrive in', () => {
    const concurrent = fc
      .array(fc.tuple(hlc, fc.constantFrom('update', 'patch', 'replace'), keyNames, keyNames), { maxLength: 12 })
      .map((all) => [...new Map(all.map((each) => [each[0], each])).values()])
      .map((all) => all.map(([stamp, ...what]): readonly [ReadyMutation, Hlc] => [valued(stamp, ...what), stamp]));
    const shuffled = concurrent.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(first, hlc, shuffled, (create, stamp, [one, other]) => {
        const [a, b] = [new AtomeLog(), new AtomeLog()];
        writeAll(a, [[create, stamp], ...one]);
        writeAll(b, [[create, stamp], ...other]);
        expect(b.state?.data).toEqual(a.state?.data);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps a bounded number of stamps of keys that are not there', () => {
    const log = new AtomeLog();
    writeAll(log, [[{ ...envelope, operation: 'create', changes: CONTENT }, '']]);
    for (let n = 0; n < 2_000; n += 1) {
      const changes = { [`key${n}`]: n, [`key${n - 1}`]: null };
      log.write({ ...envelope, operation: 'patch', changes }, formatHlc(n, 0, 'n'));
    }
    expect(log.state?.data).toEqual({ key1999: 1_999 });
    expect(Object.keys(log.state!.clocks).length).toBeLessThan(300);
    // those that are forgotten are still not brought back
    const decision = log.write({ ...envelope, operation: 'update', changes: { key7: 'late' } }, formatHlc(7, 5, 'n'));
    expect(decision).toMatchObject({ outcome: 'applied', superseded: ['data.key7'] });
  });
});
