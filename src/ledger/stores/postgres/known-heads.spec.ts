import { describe, expect, it } from '@jest/globals';
import type { HeadRow } from '../../rows.js';
import { KnownHeads } from './known-heads.js';

const head = (seq: number, more: Partial<HeadRow> = {}): HeadRow => ({
  ...{ epoch: 'e', seq, hash: `h${seq}`, timestamp: '', atomes: seq, bytes: 100 * seq, kinds: '{}' },
  ...more,
});
const creates = (...ids: string[]) => ({ atomeIds: ids, createIds: ids, ops: [] });

describe('where ledgers stand', () => {
  it('is known once this server has written, for what only makes atomes', () => {
    const known = new KnownHeads();
    expect(known.before('t', creates('a'))).toBeUndefined();
    known.committed('t', head(0), head(1));
    expect(known.before('t', creates('a'))).toEqual({ head: head(1), atomes: [], receipts: [], creations: [] });
    expect(known.before('t', { ...creates('a'), atomeIds: ['a', 'parent'] })).toBeUndefined();
    expect(known.before('t', { ...creates('a'), needsAncestors: true })).toBeUndefined();
    expect(known.before('other', creates('a'))).toBeUndefined();
  });

  it.each([
    ['seq', head(2)],
    ['hash', head(1, { hash: 'fork' })],
    ['epoch', head(1, { epoch: 'other' })],
    ['bytes', head(1, { bytes: 101 })],
  ])('is no guess where others write, which another %s tells, until they do not', (_, met) => {
    const known = new KnownHeads();
    known.committed('t', head(0), head(1));
    known.committed('t', met, head(3));
    expect(known.before('t', creates('a'))).toBeUndefined();
    known.committed('t', head(3), head(4));
    expect(known.before('t', creates('a'))).toMatchObject({ head: head(4) });
  });

  it('is read again after a guess was wrong', () => {
    const known = new KnownHeads();
    known.committed('t', head(0), head(1));
    known.doubt('t');
    known.doubt('other');
    expect(known.before('t', creates('a'))).toBeUndefined();
    known.committed('t', head(1), head(2));
    expect(known.before('t', creates('a'))).toMatchObject({ head: head(2) });
  });

  it('is kept of those ledgers that were written to last', () => {
    const known = new KnownHeads();
    for (const [n] of Array.from({ length: 1_024 }).entries()) known.committed(`t${n}`, head(0), head(1));
    known.committed('t0', head(1), head(2));
    known.committed('new', head(0), head(1));
    const isKnown = (tenant: string): boolean => known.before(tenant, creates('a')) !== undefined;
    expect(['t0', 't1', 't2', 'new'].map(isKnown)).toEqual([true, false, true, true]);
  });
});
