import { describe, expect, it, jest } from '@jest/globals';
import { committed } from '../../test/support/ledger/committed.js';
import { OPEN_RULES } from '../protocol/index.js';
import { Batch } from './batch.js';
import { Entry } from './entry.js';
import { filterKey } from './filter.js';
import { plainWithout, PlainView, RangeView, SseView, type View } from './view.js';
import { framePayloads } from './ws-frame.js';

function entries(after: number, to: number): Entry[] {
  return Array.from({ length: to - after }, (_, i) => new Entry(committed(after + i + 1), false, OPEN_RULES));
}
/** The batch behind `after` up to `to`, looked up anew. */
const batch = (after: number, to: number, of = entries(after, to)): Batch => new Batch(of, to, `h${to}`);
const texts = (bytes: Buffer | undefined): string[] => [...framePayloads(bytes!)].map((each) => each.toString());
const VIEWS: readonly (readonly [string, () => View])[] = [
  ['range', () => new RangeView({})],
  ['plain', () => new PlainView()],
  ['sse', () => new SseView({})],
];

describe.each(VIEWS)('the %s view', (_name, make) => {
  it('encodes a batch once for all who have seen as much', () => {
    const view = make();
    const one = batch(5, 8);
    const encoded = jest.spyOn(JSON, 'stringify');
    const [first, ...rest] = Array.from({ length: 100 }, () => view.encode(one, 5));
    expect(encoded).toHaveBeenCalledTimes(3);
    encoded.mockRestore();
    expect(new Set([first, ...rest]).size).toBe(1);
    expect(one.size).toBe(batch(5, 8).size + first!.length);
  });

  it('encodes anew for who has seen less, for other verdicts, for another class and for another batch', () => {
    const [view, one] = [make(), batch(5, 8)];
    const first = view.encode(one, 5);
    expect(view.encode(one, 4)).not.toBe(first);
    expect(view.encode(one, 5, 'h')).not.toBe(first);
    expect(make().encode(one, 5)).not.toBe(first);
    expect(view.encode(batch(5, 8), 5)).not.toBe(first);
    expect(view.encode(one.after(6), 6)).not.toBe(first);
    expect(view.encode(one, 5)).toBe(first);
  });

  it('keeps a few encodings of a batch, not one for each that has ever come by', () => {
    const [view, one] = [make(), batch(5, 8)];
    const lengths = Array.from({ length: 100 }, (_, from) => view.encode(one, 100 + from)!.length);
    expect(one.size - batch(5, 8).size).toBeLessThanOrEqual(8 * lengths[0]!);
  });
});

describe('what is written', () => {
  it('to a range reader is one frame with all that it may see', () => {
    const [text, ...more] = texts(new RangeView({}).encode(batch(5, 7), 4));
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
    expect(texts(new PlainView().encode(batch(5, 7), 4)).map((text) => JSON.parse(text) as unknown)).toMatchObject([
      { type: 'atome:altered', seq: 6 },
      { type: 'atome:altered', seq: 7 },
    ]);
    const mine = [
      new Entry(committed(6, { sourceClient: 'me' }), false, OPEN_RULES),
      new Entry(committed(7), false, OPEN_RULES),
    ];
    const self = { clientId: 'me', principal: mine[0]!.author };
    expect(texts(plainWithout(batch(5, 7, mine), self))).toHaveLength(1);
    expect(plainWithout(batch(5, 6, mine.slice(0, 1)), self)).toBeUndefined();
    // another has named this connection as its own
    expect(texts(plainWithout(batch(5, 7, mine), { ...self, principal: 'another' }))).toHaveLength(2);
    expect(new PlainView().encodeMove()).toBeUndefined();
  });

  it('as server-sent events has the seq as id', () => {
    const text = new SseView({}).encode(batch(5, 7), 4)!.toString();
    expect(text.split('\n\n').map((event) => event.split('\n')[0])).toEqual(['id: 6', 'id: 7', '']);
    expect(text).toContain('\ndata: {"type":"atome:altered"');
    expect(new SseView({}).encodeMove(4, 9).toString()).toBe('id: 9\n\n');
  });

  it('is nothing where nothing is to be seen', () => {
    const filter = { kinds: ['shape'] };
    expect(new RangeView(filter).encode(batch(5, 7), 5)).toBeUndefined();
    expect(new SseView(filter).encode(batch(5, 7), 5)).toBeUndefined();
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
