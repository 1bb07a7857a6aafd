import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { create, openLedger, TENANT, update, write, type TestLedger } from '../../../test/support/ledger/ledger.js';
import { WatchedStore } from '../../../test/support/ledger/watched-store.js';
import type { Atome } from '../../protocol/index.js';
import { openStore } from '../stores/open-store.js';
import type { Committed } from '../outcome.js';
import type { AlterationRow } from '../rows.js';

describe('the reader', () => {
  let watched: WatchedStore;
  let ledger: TestLedger;
  let now: number;
  beforeEach(async () => {
    now = 0;
    watched = new WatchedStore(await openStore('sqlite::memory:'));
    ledger = await openLedger(watched.store, { now: () => now });
  });
  afterEach(() => ledger.close());

  const second = (n: number): string => new Date(n * 1_000).toISOString();
  /** Seq 1 to 6, one a second: a and b take turns, a ends deleted. */
  const history = async (): Promise<void> => {
    const writes = [create('a', { x: 1 }), create('b'), update('a', { x: 2 }), update('b', { y: 1 })];
    for (const each of [...writes, update('a', { x: 3 }), write('a', 'delete', {})]) {
      now += 1_000;
      await ledger.write(each);
    }
  };

  describe('of the past', () => {
    beforeEach(history);

    it.each([
      [{ version: 1 }, 1],
      [{ version: 3 }, 3],
      [{ version: 4 }, 4],
      [{ seq: 1 }, 1],
      [{ seq: 2 }, 1],
      [{ seq: 5 }, 3],
      [{ seq: 99 }, 4],
      [{ time: second(1) }, 1],
      [{ time: second(4.999) }, 2],
      [{ time: second(5) }, 3],
      [{ time: second(99) }, 4],
    ])('finds an atome as of %j', async (moment, version) => {
      const atome = await ledger.reader.getAt('a', moment);
      expect(atome).toMatchObject({ id: 'a', version, data: { x: Math.min(version, 3) }, createdAt: second(1) });
      expect(atome.deletedAt).toBe(version === 4 ? second(6) : null);
      expect(atome).not.toHaveProperty('clocks');
    });

    it.each([{ version: 5 }, { version: 0 }, { seq: 0 }, { time: second(0.999) }])(
      'says not_found as of %j',
      async (moment) => {
        await expect(ledger.reader.getAt('a', moment)).rejects.toMatchObject({ code: 'not_found' });
      },
    );

    it('says whether an atome is gone or never was', async () => {
      await expect(ledger.reader.get('a')).rejects.toMatchObject({ code: 'gone', details: { version: 4 } });
      await expect(ledger.reader.get('c')).rejects.toMatchObject({ code: 'not_found' });
      expect(await ledger.reader.find('a')).toMatchObject({ version: 4, deletedAt: second(6) });
      expect(await ledger.reader.get('b')).toMatchObject({ version: 2 });
    });

    it('pages through the history, newest first', async () => {
      const page = async (number: number): Promise<number[]> => {
        const { currentVersion, alterations } = await ledger.reader.history('a', number, 3);
        expect(currentVersion).toBe(4);
        return alterations.map(({ version }) => version);
      };
      expect(await page(1)).toEqual([4, 3, 2]);
      expect(await page(2)).toEqual([1]);
      expect(await page(3)).toEqual([]);
      await expect(ledger.reader.history('c', 1, 3)).rejects.toMatchObject({ code: 'not_found' });
    });

    it('shows each event with the state after it and the place before it', async () => {
      await ledger.write(write('b', 'replace', { kind: 'shape', parentId: 'p' }));
      const page = await ledger.reader.page(1, 7, { chars: 1_000_000 });
      expect(page.map(({ alteration }) => alteration.seq)).toEqual([2, 3, 4, 5, 6, 7]);
      expect(page[0]).toMatchObject({ atome: { id: 'b', version: 1 }, before: null });
      expect(page[1]).toMatchObject({ atome: { id: 'a', data: { x: 2 } }, before: { id: 'a', kind: 'note' } });
      expect(page[5]).toMatchObject({
        atome: { kind: 'shape', parentId: 'p', data: { y: 1 } },
        before: { id: 'b', kind: 'note', type: null, parentId: null },
      });
      const { committed: compact } = await ledger.reader.newestPage(0, { chars: 1_000_000 });
      const audience = { names: ['*'] };
      expect(compact).toMatchObject([
        { audience: { ...audience, kinds: ['note'] } },
        { audience: { ...audience, kinds: ['note', 'shape'] } },
      ]);
      const without = ({
        audience: _a,
        before: _b,
        previous: _p,
        createdSeq: _c,
        previousSize: _s,
        ...each
      }: Committed): object => each;
      expect(compact.map(without)).toEqual(page.slice(4).map(without));
      // where it was before cannot be asked of it, only whether it was there
      expect(compact.map(({ before }) => before !== null)).toEqual([true, true]);
    });
  });

  describe('of a large document with many small updates', () => {
    const DOCUMENT = 20_000;
    const UPDATES = 400;
    const charsOf = (rows: readonly AlterationRow[]): number => JSON.stringify(rows).length;
    beforeEach(async () => {
      const updates = Array.from({ length: UPDATES }, (_, i) => update('a', { n: i }));
      const writes = [create('a', { text: 'x'.repeat(DOCUMENT) }), ...updates];
      await Promise.all(writes.map((each) => ledger.write(each)));
    });

    it('reads about the size of the document for any version', async () => {
      for (let version = 1; version <= UPDATES + 1; version += 1) await ledger.reader.stateAt('a', version);
      const read = (watched.answers.get('alterations.deltaChain') as AlterationRow[][]).map(charsOf);
      expect(read).toHaveLength(UPDATES + 1);
      expect(Math.max(...read)).toBeLessThan(4 * DOCUMENT);
    });

    it('parses about the size of the document for any version, and not what the atome is now', async () => {
      for (const version of [1, 64, 65, 100, UPDATES]) {
        const parse = jest.spyOn(JSON, 'parse');
        await ledger.reader.getAt('a', { version });
        const parsed = parse.mock.calls.reduce((sum, [text]) => sum + text.length, 0);
        parse.mockRestore();
        expect(parsed).toBeLessThan(1.2 * DOCUMENT);
      }
    });

    it('copies no document for a page of the feed that shows it once, where nobody wants what it was before', async () => {
      const parse = jest.spyOn(JSON, 'parse');
      const span = [30, 31] as const;
      const [once] = await ledger.reader.page(...span, { chars: 1 });
      const [whole] = await ledger.reader.page(...span, { chars: 1, hasPrevious: true });
      const parsed = parse.mock.results.map(({ value }): unknown => (value as { data?: object }).data ?? value);
      parse.mockRestore();
      expect([parsed.includes(once!.atome.data), parsed.includes(whole!.atome.data)]).toEqual([true, false]);
      expect([once!.previous, whole!.previous?.data.n]).toEqual([undefined, 28]);
      expect(once!.atome).toEqual(whole!.atome);
    });

    it('shows each state of a page as it was, also of an atome that it shows often', async () => {
      const page = await ledger.reader.page(30, 40, { chars: 1e9 });
      expect(page.map(({ atome }) => atome.data.n)).toEqual([29, 30, 31, 32, 33, 34, 35, 36, 37, 38]);
      expect(page).toMatchObject(page.map(() => ({ before: { id: 'a' } })));
    });

    it('keeps about as much as the updates and the document, not a document for each', async () => {
      const rows = await watched.store
        .ledger(TENANT)
        .alterations.page({ after: 0, upTo: UPDATES + 1, limit: UPDATES + 1, chars: 1e9 });
      expect(charsOf(rows)).toBeLessThan(2 * (rows.length * 600 + DOCUMENT));
      expect(rows.filter(({ snapshot }) => snapshot !== null).length).toBeGreaterThan(1);
    });

    it('finds the same state over a snapshot as without', async () => {
      for (const version of [1, 40, 41, 42, 100, UPDATES + 1]) {
        const state = await ledger.reader.getAt('a', { version });
        expect(state).toMatchObject({ version, data: version === 1 ? {} : { n: version - 2 }, ownerId: 'somebody' });
        expect(state.data.text).toHaveLength(DOCUMENT);
      }
    });
  });

  describe('of a snapshot', () => {
    const collect = async (seq: number, kinds?: string[]): Promise<Atome[]> => {
      const atomes: Atome[] = [];
      for await (const text of ledger.reader.snapshot(seq, { kinds })) atomes.push(JSON.parse(text) as Atome);
      return atomes;
    };

    it('shows every atome as of exactly a seq', async () => {
      await history();
      expect(await collect(0)).toEqual([]);
      expect(await collect(3)).toMatchObject([
        { id: 'a', version: 2, data: { x: 2 } },
        { id: 'b', version: 1, data: {} },
      ]);
      expect((await collect(6)).map(({ id }) => id)).toEqual(['b']);
    });

    it('filters by the kind that each had then', async () => {
      await history();
      await ledger.write(write('b', 'replace', { kind: 'shape' }));
      expect((await collect(6, ['note'])).map(({ id }) => id)).toEqual(['b']);
      expect(await collect(7, ['note'])).toEqual([]);
      expect((await collect(7, ['shape'])).map(({ id }) => id)).toEqual(['b']);
    });

    it('stays as of its seq while writes go on', async () => {
      const ids = Array.from({ length: 600 }, (_, i) => `a${String(i).padStart(3, '0')}`);
      await Promise.all(ids.map((id) => ledger.write(create(id, { n: 0 }))));
      const seen: Atome[] = [];
      for await (const text of ledger.reader.snapshot(600)) {
        seen.push(JSON.parse(text) as Atome);
        if (seen.length % 100 !== 1) continue;
        await Promise.all([
          ...ids.slice(seen.length, seen.length + 50).map((id) => ledger.write(update(id, { n: 1 }))),
          ledger.write(write(ids[seen.length + 60] ?? ids[0]!, 'delete', {})),
          ledger.write(create(`a${seen.length}-new`)),
        ]);
      }
      expect(seen.map(({ id }) => id)).toEqual(ids);
      expect(seen.every(({ version, data }) => version === 1 && data.n === 0)).toBe(true);
    });
  });
});
