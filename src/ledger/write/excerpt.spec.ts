import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { AtomeLog } from '../../../test/support/clients/atome-log.js';
import { content, hlc, mutation } from '../../../test/support/models/arbitraries.js';
import fc from '../../../test/support/properties.js';
import {
  AtomeError,
  decide,
  DEFAULT_LIMITS,
  fold,
  type AtomeState,
  type JsonObject,
  type JsonPatch,
  type ReadyMutation,
} from '../../protocol/index.js';
import { newAlteration } from '../new-alteration.js';
import { textWithAtome, valueIn } from '../lazy-atome.js';
import { rowOf, withoutClocks } from '../row-mapper.js';
import type { AtomeRow } from '../rows.js';
import { LARGE } from '../turns.js';
import { appendEntry, type LedgerEntry } from './append-entry.js';
import { excerptOf } from './excerpt.js';
import { pendingOf, type PendingAtome } from './pending-atome.js';

const HEAD = { epoch: 'e', seq: 9, hash: 'h', timestamp: '', atomes: 1, bytes: 0, kinds: '{}' };
const PROVENANCE = { author: 'a', sourceClient: null, opId: null, reason: null };
const envelope = { opId: null, atomeId: 'a', baseVersion: null, hlc: null, reason: null };
/** Those of the arbitraries, as some that an object has in another order, or that JSON writes in another way. */
const KEYS: Readonly<Record<string, string>> = { '"a"': '"7"', '"b"': '"12"', '"c"': '"q\\"\\\\\u{1f600}"' };
const renamed = <T>(value: T): T => JSON.parse(JSON.stringify(value).replace(/"[abc]"/g, (key) => KEYS[key]!)) as T;

function rowOfState(state: AtomeState): AtomeRow {
  const texts = { data: JSON.stringify(state.data), meta: JSON.stringify(state.meta), documentBytes: LARGE };
  const rights = { access: null, readers: null, heirOf: null };
  return rowOf(state, { seq: 9, createdSeq: 1, base: 1, weight: 0 }, { ...texts, ...rights });
}

/** What the ledger keeps of a write to an atome, and what readers are told; undefined where it changes nothing. */
function written(target: PendingAtome, write: ReadyMutation, stamp: string): LedgerEntry | string | undefined {
  try {
    const { state, excerpt } = target;
    const decided = decide(state, write, stamp, DEFAULT_LIMITS);
    if (decided.outcome === 'noop') return undefined;
    const position = { seq: 10, atomeId: 'a', version: state.version + 1, timestamp: '2026-01-01T00:00:00.000Z' };
    const alteration = newAlteration(position, write, PROVENANCE, { hlc: stamp, superseded: decided.superseded });
    const hints = { written: decided.written, isElsewhere: excerpt?.isElsewhere };
    return appendEntry(HEAD, alteration, fold(state, alteration, hints), target);
  } catch (error) {
    if (!(error instanceof AtomeError)) throw error;
    return error.message;
  }
}

function kept(entry: LedgerEntry | string | undefined): unknown {
  if (typeof entry !== 'object') return entry;
  const { salt: _salt, digest: _digest, hash: _hash, ...row } = entry.row;
  const { atome, stored, documentBytes } = entry;
  return { row, atome, stored, documentBytes };
}

describe('what a write names of a large atome', () => {
  afterEach(() => void jest.restoreAllMocks());

  it('comes to what all of it comes to, byte for byte', () => {
    const first = content.map((changes) => ({ ...envelope, operation: 'create' as const, changes }));
    const writes = fc.array(fc.tuple(mutation('a'), hlc), { maxLength: 12 });
    const padding = { pad: 'p'.repeat(LARGE) };
    fc.assert(
      fc.property(first, hlc, writes, mutation('a'), hlc, (create, stamp, before, write, at) => {
        const log = new AtomeLog();
        for (const [each, when] of [[create, stamp] as const, ...before]) {
          try {
            log.write(renamed(each), when);
          } catch (error) {
            expect(error).toBeInstanceOf(AtomeError);
          }
        }
        const row = rowOfState({ ...log.state!, data: { ...log.state!.data, ...padding } });
        const change = renamed(write);
        const excerpt = excerptOf(pendingOf(row), change);
        const [few, all] = [written(excerpt, change, at), written(pendingOf(row), change, at)];
        expect(kept(few)).toEqual(kept(all));
        if (typeof few !== 'object' || typeof all !== 'object') return;
        expect(textWithAtome({ n: 1, atome: few.next.shown })).toBe(JSON.stringify({ n: 1, atome: all.next.shown }));
        expect({ ...few.next.shown }).toEqual(withoutClocks(all.next.state));
        expect(few.next.state).toEqual(JSON.parse(JSON.stringify(all.next.state)));
      }),
    );
  });

  it('forgets stamps of keys that are away, and knows those that are there', () => {
    const clocks: Record<string, string> = { '': '000000000000001-0000-n' };
    const data: JsonObject = {};
    for (let n = 0; n < 600; n += 1) {
      clocks[`data.key-${n}`] = `${String(n + 2).padStart(15, '0')}-0000-n`;
      if (n % 2 === 0) data[`key-${n}`] = 'x'.repeat(300);
    }
    const create = {
      ...envelope,
      operation: 'create' as const,
      changes: { kind: 'n', type: null, data, meta: {}, parentId: null },
    };
    const log = new AtomeLog();
    log.write(create, '000000000000001-0000-n');
    const row = rowOfState({ ...log.state!, clocks });
    const change = { ...envelope, operation: 'patch' as const, changes: { 'key-0': null } };
    const stamp = '000000000009999-0000-n';
    const few = written(excerptOf(pendingOf(row), change), change, stamp);
    expect(kept(few)).toEqual(kept(written(pendingOf(row), change, stamp)));
    expect(Object.keys(JSON.parse((few as LedgerEntry).atome.clocks) as object).length).toBeLessThan(600);
  });

  it('passes by a member of a JSON Patch that says nothing', () => {
    const log = new AtomeLog();
    const data = { a: 1, pad: 'p'.repeat(LARGE) };
    const changes = { kind: 'n', type: null, data, meta: {}, parentId: null };
    log.write({ ...envelope, operation: 'create', changes }, '1');
    const steps = [{ op: 'replace', path: '/a', value: 2, from: 5 }] as unknown as JsonPatch;
    const change = { ...envelope, operation: 'patch' as const, changes: steps };
    const row = rowOfState(log.state!);
    const [few, all] = [written(excerptOf(pendingOf(row), change), change, '2'), written(pendingOf(row), change, '2')];
    expect(kept(few)).toEqual(kept(all));
    expect(JSON.parse((few as LedgerEntry).atome.data)).toEqual({ ...data, a: 2 });
  });

  it('is all that is taken apart, of the answer and the event too', () => {
    const data = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`key-${n}`, n]));
    const log = new AtomeLog();
    log.write(
      { ...envelope, operation: 'create', changes: { kind: 'n', type: null, data, meta: {}, parentId: null } },
      '1',
    );
    const row = rowOfState(log.state!);
    const change = { ...envelope, operation: 'update' as const, changes: { 'key-7': 'new' } };
    const { parse, stringify } = JSON;
    let chars = 0;
    jest.spyOn(JSON, 'parse').mockImplementation((json: string) => {
      chars += json.length;
      return parse(json) as unknown;
    });
    jest.spyOn(JSON, 'stringify').mockImplementation((value: unknown) => {
      const json = stringify(value);
      chars += json.length;
      return json;
    });
    const entry = written(excerptOf(pendingOf(row), change), change, '2') as LedgerEntry;
    const { shown } = entry.next;
    expect(valueIn({ document: 'data', keys: ['key-7'] }, shown)).toBe('new');
    expect(valueIn({ document: 'data', keys: ['nowhere', 'else'] }, shown)).toBeUndefined();
    const text = textWithAtome({ atome: shown });
    expect(chars).toBeLessThan(5_000);
    jest.restoreAllMocks();
    expect(JSON.parse(text)).toEqual({ atome: { ...shown } });
    expect(shown.data).toEqual({ ...data, 'key-7': 'new' });
  });
});
