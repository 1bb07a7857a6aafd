import { describe, expect, it, jest } from '@jest/globals';
import { committed } from '../../test/support/committed.js';
import { OPEN_RULES } from '../protocol/index.js';
import { Entry } from './entry.js';
import { filterKey } from './filter.js';
import { batchOf, type Batch } from './tenant-log.js';
import { plainWithout, PlainView, RangeView, SseView, type View } from './view.js';
import { framePayloads } from './ws-frame.js';

/** The batch behind `after` up to `to`, looked up anew. */
function batch(after: number, to: number, more: Partial<Batch> = {}): Batch {
  const entries = Array.from({ length: to - after }, (_, i) => new Entry(committed(after + i + 1), false, OPEN_RULES));
  return { ...batchOf(entries, to, `h${to}`, false), ...more };
}
const texts = (bytes: Buffer | undefined): string[] => [...framePayloads(bytes!)].map((each) => each.toString());
const VIEWS: readonly (readonly [string, () => View])[] = [
  ['range', () => new RangeView({})],
  ['plain', () => new PlainView()],
  ['sse', () => new SseView({})],
];

describe.each(VIEWS)('the %s view', (_name, make) => {
  it('encodes once for all readers at one place', () => {
    const view = make();
    const encoded = jest.spyOn(JSON, 'stringify');
    const [first, ...rest] = Array.from({ length: 100 }, () => view.encode(batch(5, 8), 5, 5));
    expect(encoded).toHaveBeenCalledTimes(3);
    encoded.mockRestore();
    expect(new Set([first, ...rest]).size).toBe(1);
  });

  it('encodes anew for another place', () => {
    const view = make();
    const first = view.encode(batch(5, 8), 5, 5);
    expect(view.encode(batch(5, 9), 5, 5)).not.toBe(first);
    expect(view.encode(batch(5, 8), 4, 5)).not.toBe(first);
    expect(view.encode(batch(6, 8), 5, 6)).not.toBe(first);
    expect(view.encode(batch(5, 8, { compact: true }), 5, 5)).not.toBe(first);
  });

  it('does not take another ledger for the one before', () => {
    const view = make();
    const first = view.encode(batch(5, 6), 5, 5);
    const other = new Entry({ ...committed(6, { id: 'b' }), hash: 'other' }, false, OPEN_RULES);
    expect(view.encode(batchOf([other], 6, 'other', false), 5, 5)).not.toEqual(first);
  });
});

describe('what is written', () => {
  it('to a range reader is one frame with all that it may see', () => {
    const [text, ...more] = texts(new RangeView({}).encode(batch(5, 7), 4, 5));
    expect(more).toEqual([]);
    expect(JSON.parse(text!)).toMatchObject({
      type: 'events',
      from: 4,
      to: 7,
      hash: 'h7',
      events: [{ seq: 6 }, { seq: 7 }],
    });
    const moved = texts(new RangeView({}).encodeMove(4, 9, 'h9'));
    expect(moved).toEqual(['{"type":"events","from":4,"to":9,"hash":"h9","events":[]}']);
  });

  it('to a plain reader is one frame an event, without its own', () => {
    expect(texts(new PlainView().encode(batch(5, 7), 4, 5)).map((text) => JSON.parse(text) as unknown)).toMatchObject([
      { type: 'atome:altered', seq: 6 },
      { type: 'atome:altered', seq: 7 },
    ]);
    const entries = [
      new Entry(committed(6, { sourceClient: 'me' }), false, OPEN_RULES),
      new Entry(committed(7), false, OPEN_RULES),
    ];
    const self = { clientId: 'me', principal: entries[0]!.author };
    expect(texts(plainWithout({ ...batch(5, 7), entries }, self))).toHaveLength(1);
    expect(plainWithout({ ...batch(5, 6), entries: entries.slice(0, 1) }, self)).toBeUndefined();
    // another has named this connection as its own
    expect(texts(plainWithout({ ...batch(5, 7), entries }, { ...self, principal: 'another' }))).toHaveLength(2);
    expect(new PlainView().encodeMove()).toBeUndefined();
  });

  it('as server-sent events has the seq as id', () => {
    const text = new SseView({}).encode(batch(5, 7), 4, 5)!.toString();
    expect(text.split('\n\n').map((event) => event.split('\n')[0])).toEqual(['id: 6', 'id: 7', '']);
    expect(text).toContain('\ndata: {"type":"atome:altered"');
    expect(new SseView({}).encodeMove(4, 9).toString()).toBe('id: 9\n\n');
  });

  it('is nothing where nothing is to be seen', () => {
    const filter = { kinds: ['shape'] };
    expect(new RangeView(filter).encode(batch(5, 7), 5, 5)).toBeUndefined();
    expect(new SseView(filter).encode(batch(5, 7), 5, 5)).toBeUndefined();
  });
});

describe('the key of a filter', () => {
  it('is the same for the same filter, however it is written, and for no other', () => {
    expect(filterKey({ kinds: ['a', 'b'], ids: ['x'] })).toBe(filterKey({ ids: ['x'], kinds: ['b', 'a'] }));
    const filters = [
      {},
      { kinds: [] },
      { kinds: ['a'] },
      { types: ['a'] },
      { ids: ['a'] },
      { parentId: null },
      { parentId: 'a' },
      { kinds: ['a,b'] },
      { kinds: ['a', 'b'] },
    ];
    expect(new Set(filters.map(filterKey)).size).toBe(filters.length);
  });
});
