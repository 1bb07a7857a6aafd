import { describe, expect, it, jest } from '@jest/globals';
import { committed } from '../../test/support/ledger/committed.js';
import { OPEN_RULES, type Access, type AccessRules, type AtomeHeader, type Principal } from '../protocol/index.js';
import { Batch } from './batch.js';
import { Entry } from './entry.js';
import { showAll, eventFilter } from './filter.js';
import { Relocations } from './relocations.js';
import { withVisibility, visibilityMask, viewerOf } from './visibility.js';
import { RangeView } from './view.js';

const ann: Principal = { id: 'ann', tenant: 't', roles: ['reader'] };
/** `private` is for nobody, all else for everybody. */
const RULES: AccessRules = {
  ...OPEN_RULES,
  isAllowed: (_who, _action, { access }) => access !== 'private',
  isOpen: ({ access }) => access !== 'private',
  couldEverRead: (_who, { names }) => names.includes('*'),
};
const place = (access: Access): AtomeHeader => ({
  id: 'a',
  kind: 'note',
  type: null,
  parentId: null,
  ownerId: 'somebody',
  ...(access !== 'tenant' && { access }),
});

/** An entry of an atome with its access before, after, and now. */
function entry(seq: number, before: Access | null, after: Access, now: Access, compact = false): Entry {
  const one = committed(seq);
  const audience = { names: [before === 'tenant' || after === 'tenant' ? '*' : '=x'], kinds: ['note'] };
  const atome = { ...one.atome, ...place(after) };
  return new Entry({ ...one, atome, before: before && place(before), current: place(now), audience }, compact, RULES);
}
const batch = (entries: Entry[], compact = false): Batch =>
  new Batch(entries, entries.at(-1)!.seq, 'h', compact ? { serial: 1, isLast: true } : undefined);

describe('a verdict', () => {
  it.each<[string, Access | null, Access, Access, string]>([
    ['open', 'tenant', 'tenant', 'tenant', ''],
    ['opened', 'private', 'tenant', 'tenant', ''],
    ['hidden before, open by now', null, 'private', 'tenant', ''],
    ['always hidden', null, 'private', 'private', 'h'],
    ['hidden by this', 'tenant', 'private', 'private', 'l'],
    ['hidden by a later one', 'tenant', 'tenant', 'private', 'b'],
    ['created open, hidden by a later one', null, 'tenant', 'private', 'h'],
  ])('on what is %s', (_what, before, after, now, mask) => {
    expect(visibilityMask(batch([entry(2, before, after, now)]), viewerOf(ann), RULES)).toBe(mask);
  });

  it('in a compacted replay is by who could ever see it', () => {
    const mask = (before: Access | null, after: Access): string =>
      visibilityMask(batch([entry(2, before, after, 'private', true)], true), viewerOf(ann), RULES);
    expect(mask('tenant', 'private')).toBe('l');
    expect(mask('private', 'private')).toBe('h');
    expect(mask(null, 'tenant')).toBe('h');
  });

  it('is made once for all who see the same, and not at all where all is open', () => {
    const isAllowed = jest.fn<AccessRules['isAllowed']>((_who, _action, { access }) => access !== 'private');
    const one = batch([entry(2, null, 'private', 'private'), entry(3, null, 'tenant', 'tenant')]);
    for (let i = 0; i < 100; i += 1) visibilityMask(one, viewerOf({ ...ann }), { ...RULES, isAllowed });
    expect(isAllowed).toHaveBeenCalledTimes(1);
    visibilityMask(batch([entry(3, null, 'tenant', 'tenant')]), viewerOf(ann), { ...RULES, isAllowed });
    expect(isAllowed).toHaveBeenCalledTimes(1);
  });

  it('that was forgotten shows nothing', () => {
    const one = batch([entry(2, null, 'private', 'private'), entry(3, null, 'tenant', 'tenant')]);
    expect([...withVisibility(one, '')].map(([each, visibility]) => showAll(each, visibility))).toEqual([
      undefined,
      expect.stringContaining('atome:altered'),
    ]);
  });

  it('never shows what was encoded when something else was hidden', () => {
    const view = new RangeView({});
    const seqs = (one: Batch): unknown => {
      const bytes = view.encode(one, 1, visibilityMask(one, viewerOf(ann), RULES));
      return [...String(bytes).matchAll(/"seq":(\d)(?=,"opId")/g)].map(([, seq]) => seq);
    };
    expect(seqs(batch([entry(2, null, 'private', 'private'), entry(3, null, 'tenant', 'tenant')]))).toEqual(['3']);
    // the one was opened since, and the other hidden
    expect(seqs(batch([entry(2, null, 'private', 'tenant'), entry(3, null, 'tenant', 'private')]))).toEqual(['2']);
  });

  it('gives those with equal verdicts the same bytes, and others their own', () => {
    const one = batch([entry(2, 'tenant', 'private', 'private')]);
    const view = new RangeView({});
    const [all, left, none] = ['s', 'l', 'h'].map((mask) => view.encode(one, 1, mask));
    expect(view.encode(one, 1, 's')).toBe(all);
    expect(String(all)).toContain('"atome:altered"');
    expect(String(left)).toContain('{"type":"atome:left","atomeId":"a","reason":"access","seq":2}');
    expect(none).toBeUndefined();
  });
});

describe('a filter over verdicts', () => {
  const show = eventFilter({ kinds: ['note'] });
  const moved = (before: string, after: string): Entry => {
    const one = committed(2, { kind: after });
    return new Entry({ ...one, before: { ...place('tenant'), kind: before } }, false, RULES);
  };
  const reason = (text: string | undefined): unknown =>
    (text && (JSON.parse(text) as { reason?: string }).reason) ?? text;

  it('tells of what has left the rights only where it was in the filter', () => {
    expect(reason(show(moved('note', 'note'), 'left'))).toBe('access');
    expect(show(moved('task', 'note'), 'left')).toBeUndefined();
  });

  it('tells of what has left the filter also when it has been hidden since', () => {
    expect(reason(show(moved('note', 'task'), 'withheld'))).toBe('filter');
    expect(show(moved('note', 'note'), 'withheld')).toBeUndefined();
    expect(show(moved('note', 'task'), 'hidden')).toBeUndefined();
  });
});

describe('moves', () => {
  it('hide what was before them, and nothing after', () => {
    const relocations = new Relocations();
    const one = committed(3);
    relocations.add([{ ...one, before: place('tenant'), atome: { ...one.atome, access: 'private' } }]);
    const entries = [entry(2, 'tenant', 'tenant', 'tenant'), entry(4, 'private', 'tenant', 'tenant')];
    relocations.apply(entries);
    expect(entries.map(({ restricted }) => restricted)).toEqual([true, false]);
  });

  it('are none where nothing has changed but the content', () => {
    const relocations = new Relocations();
    relocations.add([{ ...committed(3), before: place('tenant') }, committed(4)]);
    expect(relocations.size).toBe(0);
  });
});
