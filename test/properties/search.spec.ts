import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { NOT_WORTH } from '../../src/ledger/stores/search.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import type { ListQuery, SortKey } from '../../src/ledger/store.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { createOwnedDatabase } from '../support/databases/plain-role.js';
import { create, openLedger, TENANT, update, write, type TestLedger } from '../support/ledger/ledger.js';
import { openRewind } from '../support/ledger/rewind.js';
import { randomFrom } from '../support/models/random.js';

const ALL: ListQuery = { includeDeleted: false, sortBy: 'id', sortOrder: 'asc', limit: 30, offset: 0 };
const WORDS = ['alpha', 'beta', 'gamma "quoted"', 'délta', '100% sure', 'eps_lon', 'zeta\\eta', '日本語です'];
const SEARCHES = [
  ...WORDS,
  'ALPHA',
  'lph',
  'quoted\\"',
  '0% s',
  's_l',
  'a\\e',
  '本語',
  'nowhere',
  'atome-7',
  '"text":"beta',
];
/** In an order that an index has, the default one, and one that none has. */
const SORTED: readonly SortKey[] = ['createdAt', 'updatedAt', 'type'];
/** Long enough for an index. */
const MANY = NOT_WORTH + 100;

describe.each([...DATABASES, ['PostgreSQL without superuser', createOwnedDatabase] as const])(
  'a search on %s',
  (_name, make) => {
    let database: Database;
    let ledger: TestLedger;
    let store: SqlStore;
    const lines: string[] = [];
    beforeEach(async () => {
      database = await make();
      store = await openStore(database.url, { report: (_, line) => lines.push(line) });
      ledger = await openLedger(store);
    });
    afterEach(async () => {
      await ledger.close();
      await database.drop();
      expect(lines.splice(0)).toEqual([]);
    });

    async function fill(
      from: number,
      count: number,
      text = (n: number): string => WORDS[n % WORDS.length]!,
    ): Promise<void> {
      const ids = Array.from({ length: count }, (_, n) => from + n);
      await Promise.all(ids.map((n) => ledger.write(create(`a${n}`, { text: text(n), name: `atome-${n}-` }))));
    }

    const pages = (words: string): Promise<unknown[]> =>
      Promise.all([
        ...SORTED.flatMap((sortBy) =>
          (['asc', 'desc'] as const).map(async (sortOrder) => {
            const rows = await store.ledger(TENANT).queries.list({ ...ALL, search: words, sortBy, sortOrder });
            return rows.map(({ id }) => id);
          }),
        ),
        store.ledger(TENANT).queries.count({ ...ALL, search: words }),
        store.ledger(TENANT).queries.count({ ...ALL, search: words, includeDeleted: true }),
      ]);
    async function withoutIndex<T>(work: () => Promise<T>): Promise<T> {
      const find = jest.spyOn(store, 'find').mockResolvedValue(undefined);
      return work().finally(() => find.mockRestore());
    }
    async function expectSameAnswers(): Promise<void> {
      for (const words of SEARCHES) {
        const walked = await withoutIndex(() => pages(words));
        expect([words, await pages(words)]).toEqual([words, walked]);
      }
    }

    it('answers as a walk does, whatever has been written since it was indexed', async () => {
      await fill(0, MANY);
      await store.indexed();
      expect(await store.find(TENANT, 'alpha')).toBeDefined();
      await expectSameAnswers();
      const random = randomFrom(7);
      const pick = (): string => `a${Math.floor(random() * MANY)}`;
      for (let n = 0; n < 80; n += 1) {
        const step = random();
        if (step < 0.5) await ledger.write(update(pick(), { text: WORDS[n % WORDS.length]! })).catch(() => undefined);
        else if (step < 0.7) await ledger.write(write(pick(), 'delete', {})).catch(() => undefined);
        else if (step < 0.8) await ledger.write(write(pick(), 'redact', {})).catch(() => undefined);
        else await fill(MANY + n, 1);
      }
      await expectSameAnswers();
      await store.scrub();
      await expectSameAnswers();
      const { upTo } = (await store.find(TENANT, 'alpha'))!;
      expect(upTo).toBe((await store.ledger(TENANT).write.head())!.seq);
    });

    it('answers as a walk does after an older copy of the database has been put back', async () => {
      await fill(0, MANY);
      const { adminUrl = database.url } = database as { adminUrl?: string };
      const rewind = await openRewind(adminUrl);
      await rewind.keep();
      await fill(MANY, MANY, () => 'omega');
      await store.indexed();
      expect(await store.find(TENANT, 'omega')).toBeDefined();
      await rewind.putBack();
      await rewind.close();
      expect(await pages('omega')).toEqual(await withoutIndex(() => pages('omega')));
      await ledger.close();

      store = await openStore(database.url, { report: (_, line) => lines.push(line) });
      ledger = await openLedger(store);
      // as many as before, so that it comes to the same seq
      await fill(2 * MANY, MANY, () => 'psi-psi');
      expect(await pages('psi-psi')).toEqual(await withoutIndex(() => pages('psi-psi')));
      await fill(3 * MANY, MANY, () => 'psi-psi');
      await store.indexed();
      await expectSameAnswers();
      const found = (await store.find(TENANT, 'psi-psi'))!;
      expect(JSON.parse(found.seqs)).toHaveLength(found.upTo - MANY);
      expect(found.upTo).toBeGreaterThan(3 * MANY - NOT_WORTH);
    });

    it('looks at as few atomes of many as of few', async () => {
      const looked: number[] = [];
      for (const [from, to] of [
        [0, 1_000],
        [1_000, 10_000],
      ] as const) {
        await fill(from, to - from);
        await store.indexed();
        const { seqs, upTo } = (await store.find(TENANT, 'atome-77-'))!;
        const behind = (await store.ledger(TENANT).write.head())!.seq - upTo;
        expect(behind).toBeLessThan(NOT_WORTH);
        looked.push((JSON.parse(seqs) as number[]).length);
        expect(await store.ledger(TENANT).queries.count({ ...ALL, search: 'atome-77-' })).toBe(1);
      }
      expect(looked[1]).toBeLessThanOrEqual(looked[0]! * 2);
    });

    it('shows nothing of another tenant', async () => {
      await fill(0, MANY);
      await store.indexed();
      expect(await store.find('other', 'alpha')).toBeUndefined();
      expect(await store.ledger('other').queries.list({ ...ALL, search: 'alpha' })).toEqual([]);
    });
  },
);

describe('a search on a PostgreSQL that has no trigrams, and does not let the server have them', () => {
  it('looks through all atomes, and says so once', async () => {
    const database = await createOwnedDatabase();
    const admin = await openLedger(await openStore(database.url));
    await admin.close();
    const { Client } = (await import('pg')).default;
    const client = new Client({ connectionString: database.adminUrl });
    await client.connect();
    await client.query('DROP EXTENSION pg_trgm CASCADE; DROP TABLE atome.search_texts, atome.search_tenants');
    await client.query(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO postgres', current_database()); END $$`);
    await client.end();
    const lines: string[] = [];
    const store = await openStore(database.url, { report: (_, line) => lines.push(line) });
    const ledger = await openLedger(store);
    await Promise.all(Array.from({ length: MANY }, (_, n) => ledger.write(create(`a${n}`, { text: `atome-${n}-` }))));
    await store.indexed();
    expect(await store.find(TENANT, 'atome-77')).toBeUndefined();
    expect(await store.ledger(TENANT).queries.count({ ...ALL, search: 'atome-77-' })).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/CREATE EXTENSION pg_trgm/)]);
    await ledger.close();
    await database.drop();
  });
});
