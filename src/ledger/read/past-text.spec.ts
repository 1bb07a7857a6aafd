import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { AtomeLog } from '../../../test/support/clients/atome-log.js';
import { alterationRow } from '../../../test/support/ledger/rows.js';
import { content, hlc, mutation } from '../../../test/support/models/arbitraries.js';
import fc from '../../../test/support/properties.js';
import { AtomeError, type Foldable } from '../../protocol/index.js';
import { foldDeltaChains } from '../delta-chain.js';
import { atomeText, snapshotText, withoutClocks } from '../row-mapper.js';
import type { DeltaRow } from '../rows.js';
import { foldText } from './past-text.js';

const KEYS = 4_000;
const envelope = { opId: null, atomeId: 'a', baseVersion: null, hlc: null, reason: null };
/** Those of the arbitraries, as some that an object has in another order, or that JSON writes in another way. */
const KEYS_OF: Readonly<Record<string, string>> = { '"a"': '"7"', '"b"': '"12"', '"c"': '"q\\"\\\\\u{1f600}"' };

function rowOf(change: Foldable, base: number, snapshot: string | null = null): DeltaRow {
  const { version, operation, timestamp } = change;
  const texts = { changes: JSON.stringify(change.changes), superseded: JSON.stringify(change.superseded) };
  return alterationRow(version, 'a', version, { operation, timestamp, hlc: change.hlc, base, snapshot, ...texts });
}

/** What is told of a state that has been folded in the one way or the other. */
async function bothWays(rows: readonly DeltaRow[]): Promise<[string | undefined, string | undefined]> {
  const text = await foldText(rows);
  const state = (await foldDeltaChains(rows)).get('a');
  if (!state) return [text && atomeText(text), undefined];
  const { data, meta, ...rest } = withoutClocks(state);
  const whole = { ...rest, data: JSON.stringify(data), meta: JSON.stringify(meta) };
  return [text && atomeText(text), atomeText(whole)];
}

describe('a state of the past as text', () => {
  afterEach(() => void jest.restoreAllMocks());

  it('is what its state is as JSON, key by key, from a creation and from a snapshot', async () => {
    const first = content.map((changes) => ({ ...envelope, operation: 'create' as const, changes }));
    const writes = fc.array(fc.tuple(mutation('a'), hlc), { maxLength: 15 });
    await fc.assert(
      fc.asyncProperty(first, hlc, writes, fc.nat(15), async (create, stamp, rest, from) => {
        const log = new AtomeLog();
        const snapshots: string[] = [];
        for (const [each, at] of [[create, stamp] as const, ...rest]) {
          try {
            log.write(each, at);
          } catch (error) {
            expect(error).toBeInstanceOf(AtomeError);
          }
          const { data, meta } = log.state!;
          snapshots[log.state!.version] = snapshotText(log.state!, JSON.stringify(data), JSON.stringify(meta));
        }
        const inPointer = (_: string, key: string): string => `/${KEYS_OF[`"${key}"`]!.slice(1, -1)}`;
        const named = (json: string): string =>
          json
            .replace(/"[abc]"/g, (key) => KEYS_OF[key]!)
            .replace(/"\/[^"]*"/g, (pointer) => pointer.replace(/\/([abc])(?=[/"])/g, inPointer));
        const told = JSON.parse(named(JSON.stringify(log.alterations))) as Foldable[];
        const base = Math.min(from, told.length - 1);
        // an object puts the keys into its order
        const snapshot = base === 0 ? null : JSON.stringify(JSON.parse(named(snapshots[base + 1]!)));
        const rows = told.slice(base).map((each, at) => rowOf(each, base + 1, at === 0 ? snapshot : null));
        const [text, whole] = await bothWays(rows);
        expect(text).toBe(whole);
      }),
    );
  });

  it('is not taken apart for the keys that nobody has altered', async () => {
    const data = Object.fromEntries(Array.from({ length: KEYS }, (_, n) => [`key-${n}`, n]));
    const log = new AtomeLog();
    const stamp = (n: number): string => `${String(1_700_000_000_000 + n).padStart(15, '0')}-0000-n`;
    log.write(
      { ...envelope, operation: 'create', changes: { kind: 'n', type: null, data, meta: {}, parentId: null } },
      stamp(0),
    );
    for (let n = 1; n <= 60; n += 1) {
      const how = [
        { operation: 'update' as const, changes: { [`key-${n * 7}`]: 'x' } },
        { operation: 'patch' as const, changes: { [`key-${n}`]: null, [`new-${n}`]: n } },
        { operation: 'patch' as const, changes: [{ op: 'add' as const, path: `/key-${n}`, value: [n] }] },
        { operation: 'rename' as const, changes: { name: `n${n}` } },
      ][n % 4]!;
      log.write({ ...envelope, ...how }, stamp(n));
    }
    const rows = log.alterations.map((each) => rowOf(each, 1));
    const [text, whole] = await bothWays(rows);
    expect(text).toBe(whole);

    const { parse, stringify } = JSON;
    const counted = { read: 0, written: 0 };
    jest.spyOn(JSON, 'parse').mockImplementation((json: string) => {
      counted.read += json.length;
      return parse(json) as unknown;
    });
    jest.spyOn(JSON, 'stringify').mockImplementation((value: unknown) => {
      const json = stringify(value);
      counted.written += json.length;
      return json;
    });
    await foldText(rows);
    expect(text!.length).toBeGreaterThan(KEYS * 10);
    expect(counted.read + counted.written).toBeLessThan(text!.length / 10);
  });
});
