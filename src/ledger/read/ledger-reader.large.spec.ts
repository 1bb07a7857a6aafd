import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Atome } from '../../protocol/index.js';
import { openStore } from '../stores/open-store.js';
import type { HistoryPage, HistoryCursor } from './history-page.js';
import type { AlterationRow, AtomeRow } from '../rows.js';
import type { ListQuery } from '../store.js';
import { create, openLedger, update, type TestLedger } from '../../../test/support/ledger/ledger.js';
import { WatchedStore } from '../../../test/support/ledger/watched-store.js';

const TEXT = 'x'.repeat(1_000_000);
const MIB = 1024 * 1024;
const COUNT = 12;
const QUERY: ListQuery = { includeDeleted: false, sortBy: 'id', sortOrder: 'asc', limit: 500, offset: 0 };

describe('pages of documents of a megabyte', () => {
  let watched: WatchedStore;
  let ledger: TestLedger;
  const ids = Array.from({ length: COUNT }, (_, i) => `a${String(i).padStart(2, '0')}`);
  beforeAll(async () => {
    watched = new WatchedStore(await openStore('sqlite::memory:'));
    ledger = await openLedger(watched.store);
    for (const id of ids) await ledger.write(create(id, { TEXT }));
    for (let n = 1; n < COUNT; n += 1) await ledger.write(update('a00', { TEXT: `${TEXT}${n}` }));
  });
  afterAll(() => ledger.close());

  /** The most characters that one call has read. */
  const most = (method: 'queries.list' | 'atomes.after' | 'alterations.history'): number =>
    Math.max(
      ...(watched.answers.get(method) as (AtomeRow | AlterationRow)[][]).map((rows) => JSON.stringify(rows).length),
    );

  it('a list ends early, and its place leads to the rest', async () => {
    const seen: string[] = [];
    let pages = 0;
    for (let after: ListQuery['after']; ;) {
      const { rows, last } = await ledger.reader.list({ ...QUERY, after });
      seen.push(...rows.map(({ id }) => id));
      pages += 1;
      if (!last) break;
      after = { value: last.id, id: last.id };
    }
    expect(seen).toEqual(ids);
    expect(pages).toBe(2);
    expect(most('queries.list')).toBeLessThan(10 * MIB);
  });

  it('a list that is full with its last row is the last', async () => {
    for (const offset of [0, 1, 2, 3, 4]) {
      const { rows, last } = await ledger.reader.list({ ...QUERY, offset });
      expect(last?.id).toBe(offset + rows.length < COUNT ? rows.at(-1)!.id : undefined);
    }
  });

  it('a history ends early, and goes on before its last', async () => {
    const versions: number[] = [];
    let pages = 0;
    for (let place: number | HistoryCursor | undefined = 1; place !== undefined; pages += 1) {
      const { alterations, next }: HistoryPage = await ledger.reader.history('a00', place, 500);
      versions.push(...alterations.map(({ version }) => version));
      place = next === undefined ? undefined : { before: next };
    }
    expect(pages).toBeGreaterThan(1);
    expect(versions).toEqual(Array.from({ length: COUNT }, (_, i) => COUNT - i));
    expect(most('alterations.history')).toBeLessThan(11 * MIB);
  });

  it('a snapshot reads few at a time', async () => {
    const { seq } = await ledger.reader.head();
    const seen: string[] = [];
    for await (const text of ledger.reader.snapshot(seq)) seen.push((JSON.parse(text) as Atome).id);
    expect(seen).toEqual(ids);
    expect(most('atomes.after')).toBeLessThan(4 * MIB);
  });
});
