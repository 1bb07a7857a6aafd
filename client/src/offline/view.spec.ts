import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/properties.js';
import type { Atome } from '../../../src/protocol/index.js';
import type { PendingWrite } from '../storage/store.js';
import { prepare } from './optimistic.js';
import { createOutbox, type Outbox } from './outbox.js';
import { createView, looksAlike, type View } from './view.js';

const NOTE: Atome = {
  id: 'a',
  kind: 'note',
  type: null,
  data: { title: 'old' },
  meta: {},
  parentId: null,
  ownerId: 'ada',
  version: 3,
  createdAt: '',
  updatedAt: '',
  deletedAt: null,
};

let outbox: Outbox;
let view: View;
let names = 0;
beforeAll(() => prepare([{ changes: [] }]));
beforeEach(() => {
  outbox = createOutbox();
  view = createView(outbox, () => undefined);
});

const write = (fields: Partial<PendingWrite>): PendingWrite => ({
  opId: `01900000-0000-7000-8000-${String((names += 1)).padStart(12, '0')}`,
  atomeId: 'a',
  operation: 'update',
  ...fields,
});

/** What is shown of the atome with these writes pending. */
function shown(...writes: PendingWrite[]): Atome | undefined {
  writes.forEach((each) => outbox.add(each, true));
  view.touch('a');
  view.refresh();
  return view.get('a');
}

describe('View', () => {
  it.each<[string, Partial<PendingWrite>, object]>([
    ['update', { operation: 'update', changes: { n: 1 } }, { data: { title: 'old', n: 1 } }],
    ['patch', { operation: 'patch', changes: { title: null } }, { data: {} }],
    ['patch', { operation: 'patch', changes: [{ op: 'add', path: '/n', value: 1 }] }, { data: { title: 'old', n: 1 } }],
    ['rename', { operation: 'rename', changes: { name: 'new' } }, { data: { name: 'new' } }],
    ['tag', { operation: 'tag', changes: { tags: ['x'] } }, { meta: { tags: ['x'] } }],
    [
      'replace',
      { operation: 'replace', data: { n: 1 }, atomeType: 'memo' },
      { data: { n: 1 }, type: 'memo', kind: 'note' },
    ],
    ['delete', { operation: 'delete' }, { deletedAt: expect.any(String) }],
  ])('shows a pending %s', (_operation, fields, expected) => {
    view.confirm('a', NOTE);
    expect(shown(write(fields))).toMatchObject({ ...expected, version: 4, ownerId: 'ada' });
  });

  it('shows a pending create, and what is done to it', () => {
    const create = write({ operation: 'create', kind: 'note', data: { n: 1 }, parentId: 'p' });
    expect(shown(create, write({ changes: { m: 2 } }))).toMatchObject({
      ...{ kind: 'note', type: null, data: { n: 1, m: 2 }, meta: {}, parentId: 'p', version: 2 },
    });
  });

  it.each<[string, Partial<PendingWrite>]>([
    ['is based on another version', { changes: { n: 1 }, baseVersion: 2 }],
    ['does not fit', { operation: 'patch', changes: [{ op: 'remove', path: '/missing' }] }],
    ['creates what is there', { operation: 'create', kind: 'note', data: {} }],
    ['only the server can carry out', { operation: 'restore', changes: { version: 1 } }],
    ['is of an operation that is not known', { operation: 'merge', changes: {} }],
  ])('shows nothing of a write that %s', (_why, fields) => {
    view.confirm('a', NOTE);
    expect(shown(write(fields))).toEqual(NOTE);
  });

  it('shows nothing of a write to what is not there, or was deleted', () => {
    expect(shown(write({ changes: { n: 1 } }))).toBeUndefined();
    view.confirm('a', NOTE);
    expect(shown(write({ operation: 'delete' }), write({ changes: { n: 2 } }))).toMatchObject({ data: { n: 1 } });
  });

  it('shows the same, whether it was folded write by write or at once', () => {
    const step = fc.oneof(
      fc.nat(3).map((n) => ({ add: { operation: 'update', changes: { [`k${n}`]: n } } })),
      fc.nat(3).map((n) => ({ add: { operation: 'patch', changes: { [`k${n}`]: null } } })),
      fc.constant({ add: { operation: 'delete' } }),
      fc.nat(5).map((take) => ({ take })),
      fc.nat(9).map((version) => ({ confirm: { ...NOTE, version } })),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        outbox = createOutbox();
        view = createView(outbox, () => undefined);
        for (const each of steps) {
          if ('add' in each) outbox.add(write(each.add), true);
          else if ('take' in each) outbox.take(outbox.of('a')[each.take]?.write.opId ?? '');
          else view.confirm('a', each.confirm);
          view.touch('a');
          view.refresh();
        }
        const afresh = createView(outbox, () => undefined);
        afresh.confirm('a', steps.findLast((each) => 'confirm' in each)?.confirm);
        afresh.touch('a');
        afresh.refresh();
        expect(view.get('a')).toEqual(afresh.get('a'));
      }),
    );
  });
});

describe('looksAlike', () => {
  it('counts what a reader sees, not times', () => {
    expect(looksAlike(NOTE, { ...NOTE, createdAt: 'later', updatedAt: 'later' })).toBe(true);
    expect(looksAlike(NOTE, { ...NOTE, version: 9 })).toBe(false);
    expect(looksAlike(NOTE, { ...NOTE, ownerId: '' })).toBe(false);
    expect(looksAlike(NOTE, { ...NOTE, data: { title: 'new' } })).toBe(false);
    expect(looksAlike(NOTE, { ...NOTE, deletedAt: 'now' })).toBe(false);
    expect(looksAlike(NOTE, { ...NOTE, access: 'private' })).toBe(false);
    const descendant = { ...NOTE, access: 'inherit', inherited: 'private' } as const;
    expect(looksAlike(descendant, { ...descendant, inherited: { read: ['bob'], write: [] } })).toBe(false);
  });
});
