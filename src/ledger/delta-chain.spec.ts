import { describe, expect, it } from '@jest/globals';
import { alterationRow } from '../../test/support/ledger/rows.js';
import { turnsWhile } from '../../test/support/loop.js';
import { foldDeltaChains } from './delta-chain.js';

const KEYS = 5_000;

describe('what is folded out of many large rows', () => {
  it('lets the loop turn again and again', async () => {
    const set = (n: number): object => Object.fromEntries(Array.from({ length: KEYS }, (_, key) => [`key-${key}`, n]));
    const rows = Array.from({ length: 60 }, (_, n) =>
      alterationRow(n + 1, 'a', n + 1, {
        changes: JSON.stringify(n === 0 ? { kind: 'note', data: set(0) } : { data: { set: set(n) } }),
        hlc: `${String(1_700_000_000_000 + n).padStart(15, '0')}-0000-n`,
      }),
    );
    let states: Awaited<ReturnType<typeof foldDeltaChains>> | undefined;
    const turns = await turnsWhile(foldDeltaChains(rows).then((folded) => (states = folded)));
    expect(states!.get('a')).toMatchObject({ version: 60 });
    expect(turns).toBeGreaterThan(8);
  });
});
