import { describe, expect, it, jest } from '@jest/globals';
import { committed } from '../../test/support/ledger/committed.js';
import type { Committed } from '../ledger/outcome.js';
import { LARGE } from '../ledger/turns.js';
import { OPEN_RULES, type AtomeDelta, type RangeFrame } from '../protocol/index.js';
import { Batch, type CompactPage } from './batch.js';
import { Entry } from './entry.js';
import { RangeView } from './view.js';
import { framePayloads } from './ws-frame.js';

const HERE = { id: 'a', kind: 'note' };
const entry = (of: Committed): Entry => new Entry(of, false, OPEN_RULES, true);

/** What a reader is told of one alteration. */
function told(of: Entry, view = new RangeView({}, true), compact?: CompactPage): RangeFrame['events'] {
  const bytes = view.encode(new Batch([of], of.seq, of.hash, compact), of.seq - 1);
  return [...framePayloads(bytes!)].flatMap((each) => (JSON.parse(each.toString()) as RangeFrame).events);
}

describe('a reader with deltas', () => {
  it.each([100, LARGE])('is told what a write to keys changed, without the atome: of %i characters', (size) => {
    const change = committed(4, { before: HERE, size });
    expect(told(entry(change))).toEqual([{ type: 'atome:delta', alteration: change.alteration, seq: 4 }]);
    // where another was told of the whole first
    const known = entry(change);
    expect(told(known, new RangeView({}))).toMatchObject([{ type: 'atome:altered', atome: { version: 4 } }]);
    expect(told(known)).toEqual(told(entry(change)));
    expect(told(known, new RangeView({}))).toMatchObject([{ type: 'atome:altered' }]);
  });

  it('is told of a large one without its atome being written', () => {
    const change = committed(4, { before: HERE, size: LARGE });
    const toJSON = jest.fn();
    told(entry({ ...change, atome: { ...change.atome, data: { toJSON } as never } }));
    expect(toJSON).not.toHaveBeenCalled();
  });

  it.each<[string, Partial<Committed>]>([
    ['where it was before is not known', { before: null }],
    ['a part of it has lost', { alteration: { ...committed(4).alteration, superseded: ['data.a'] } }],
    ['it is a JSON Patch', { alteration: { ...committed(4).alteration, operation: 'patch', changes: [] } }],
    [
      'more than keys are written',
      { alteration: { ...committed(4).alteration, operation: 'restore' } as Committed['alteration'] },
    ],
  ])('is told the whole where %s', (_why, other) => {
    for (const size of [100, LARGE]) {
      const [event] = told(entry({ ...committed(4, { before: HERE, size }), ...other }));
      expect(event).toMatchObject({ type: 'atome:altered', atome: { version: 4 } });
    }
  });

  it('is told the whole by a compact replay, which leaves versions out', () => {
    const change = entry(committed(4, { before: HERE }));
    expect(told(change, undefined, { serial: 1, isLast: true })).toMatchObject([{ type: 'atome:altered' }]);
  });

  it('is told the whole where a condition decides, into which the atome may come', () => {
    const where = { field: { own: 'kind' }, operator: 'eq', value: 'note' } as const;
    const change = entry({ ...committed(4, { before: HERE }), previous: committed(3).atome });
    expect(told(change, new RangeView({ where }, true))).toMatchObject([{ type: 'atome:altered' }]);
    expect(told(change, new RangeView({ kinds: ['note'] }, true))).toMatchObject([{ type: 'atome:delta' }]);
  });

  it('is told nothing of what was erased', () => {
    const change = entry(committed(4, { before: HERE }));
    expect((told(change)[0] as AtomeDelta).type).toBe('atome:delta');
    change.erase();
    const view = new RangeView({}, true);
    expect(view.encode(new Batch([change], 4, 'h4'), 3)).toBeUndefined();
  });

  it('shares frames with those alone who asked for the same', () => {
    const keys = [new RangeView({}), new RangeView({}, true), new RangeView({ kinds: ['note'] }, true)];
    expect(new Set(keys.map(({ key }) => key)).size).toBe(3);
    expect(new RangeView({}, true).key).toBe(keys[1]!.key);
  });
});
