import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AccessPolicy } from '../../src/auth/authorization/access-policy.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { MAX_DESCENDANTS, MAX_DESCENDANTS_OF_ONE } from '../../src/ledger/store.js';
import type { Outcome } from '../../src/ledger/outcome.js';
import type { AskedAccess, Mutation } from '../../src/protocol/index.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { by, openLedger, write, type TestLedger } from '../support/ledger/ledger.js';
import { queryOf } from '../support/ledger/raw-query.js';

const content = { kind: 'note', type: null, data: {}, meta: {} };
const [alice, mallory] = [by('alice'), by('mallory')];
const READ_ONLY = { read: ['mallory'], write: [] };

describe.each(DATABASES)('what inherits, on %s', (_name, createDatabase) => {
  let database: Database;
  let ledger: TestLedger;
  let doc: string;
  let count = 0;
  beforeAll(async () => {
    database = await createDatabase();
    const rules = new AccessPolicy({ policies: {}, authorize: undefined }, () => undefined);
    ledger = await openLedger(await openStore(database.url), { rules });
  });
  beforeEach(async () => {
    doc = `doc-${(count += 1)}`;
    await ledger.write(make(doc, null, READ_ONLY), alice);
  });
  afterAll(async () => {
    await ledger.close();
    await database.drop();
  });

  const make = (id: string, parentId: string | null, access: AskedAccess): Mutation =>
    write(id, 'create', { ...content, parentId, access });
  const share = (id: string, access: AskedAccess): Promise<Outcome> =>
    ledger.write(write(id, 'share', { access }), alice);
  const descendants = (from: number, to: number): Promise<Outcome[]> =>
    Promise.all(
      Array.from({ length: to - from }, (_, n) => ledger.write(make(`${doc}-${from + n}`, doc, 'inherit'), alice)),
    );
  const readersOf = async (id: string): Promise<unknown> => {
    await ledger.settled();
    const header = await ledger.reader.headerOf(id);
    return header?.access === 'inherit' ? header.inherited : header?.access;
  };
  /** As an earlier version let them in, which had no bound: copies of an atome that inherits, in the table alone. */
  const copyDescendant = async (id: string, copies: number): Promise<void> => {
    const query = queryOf(ledger.store);
    const [row] = (await query(`SELECT * FROM atome_atomes WHERE id = '${id}'`)) as Record<string, unknown>[];
    const columns = Object.keys(row!);
    const quoted = columns.map((column) => `"${column}"`);
    const values = columns.map((column) => (column === 'id' ? `'${id}-' || n` : `"${column}"`));
    await query(`WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${copies})
      INSERT INTO atome_atomes (${quoted.join()}) SELECT ${values.join()} FROM atome_atomes CROSS JOIN numbers WHERE id = '${id}'`);
  };

  it.each<[string, (mine: string) => Promise<unknown>]>([
    ['making one', () => ledger.write(make(`${doc}-x`, doc, 'inherit'), mallory)],
    [
      'sharing one',
      async (mine) => {
        await ledger.write(make(mine, doc, 'private'), mallory);
        return ledger.write(write(mine, 'share', { access: 'inherit' }), mallory);
      },
    ],
    [
      'moving one',
      async (mine) => {
        await ledger.write(make(`${mine}-root`, null, 'private'), mallory);
        await ledger.write(make(mine, `${mine}-root`, 'inherit'), mallory);
        return ledger.write(write(mine, 'replace', { parentId: doc }), mallory);
      },
    ],
  ])('is added by those only who may write its parent: %s', async (_what, add) => {
    await expect(add(`${doc}-mine`)).rejects.toMatchObject({ code: 'forbidden' });
    await share(doc, { read: [], write: ['mallory'] });
    await expect(add(`${doc}-again`)).resolves.toMatchObject({ outcome: 'applied' });
  });

  it('is not told of to those who may not even read its parent', async () => {
    await share(doc, 'private');
    await expect(ledger.write(make(`${doc}-x`, doc, 'inherit'), mallory)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is bounded where it is added, and a right is taken away from all of it', async () => {
    await descendants(0, MAX_DESCENDANTS - 1);
    await ledger.write(make(`${doc}-sub`, `${doc}-0`, 'inherit'), alice);
    const more = [make(`${doc}-more`, doc, 'inherit'), make(`${doc}-deep`, `${doc}-sub`, 'inherit')];
    for (const each of more) await expect(ledger.write(each, alice)).rejects.toMatchObject({ code: 'too_large' });
    await share(doc, 'private');
    for (const id of [`${doc}-0`, `${doc}-${MAX_DESCENDANTS - 2}`, `${doc}-sub`]) {
      expect(await readersOf(id)).toEqual({ read: [], write: ['alice'] });
    }
  });

  it('leaves room for others than the one who adds most', async () => {
    await share(doc, { read: [], write: ['mallory'] });
    await ledger.write(make(`${doc}-0`, doc, 'inherit'), mallory);
    await copyDescendant(`${doc}-0`, MAX_DESCENDANTS_OF_ONE - 2);
    const below = `${doc}-0-1`;
    await ledger.write(make(`${doc}-last`, below, 'inherit'), mallory);
    for (const parent of [doc, below]) {
      const adding = [
        ledger.write(make(`${doc}-more`, parent, 'inherit'), mallory),
        ledger.write(make(`${doc}-own-${parent}`, parent, 'inherit'), alice),
      ];
      expect(await Promise.allSettled(adding)).toMatchObject([
        { reason: { code: 'too_large' } },
        { status: 'fulfilled' },
      ]);
    }
  });

  it('is given up whatever its number, also where it came to be before there was a bound', async () => {
    await descendants(0, 1);
    await copyDescendant(`${doc}-0`, MAX_DESCENDANTS + 5);
    await expect(share(doc, 'tenant')).rejects.toMatchObject({ code: 'too_large' });
    // as for an id that nobody has
    await expect(ledger.write(write(doc, 'share', { access: 'tenant' }), by('eve'))).rejects.toMatchObject({
      code: 'not_found',
    });
    const writes = [share(doc, { read: [], write: [] }), ledger.write(make(`${doc}-other`, null, 'private'), alice)];
    expect(await Promise.all(writes)).toMatchObject([{ outcome: 'applied' }, { outcome: 'applied' }]);
    expect(await readersOf(`${doc}-0-${MAX_DESCENDANTS + 5}`)).toEqual({ read: [], write: ['alice'] });
  });

  it('is given up one name of many, however long the list is', async () => {
    const read = Array.from({ length: 60 }, (_, n) => `person-${n}`.padEnd(30, 'x'));
    await descendants(0, 1);
    await share(doc, { read: [...read, 'mallory'], write: [] });
    await copyDescendant(`${doc}-0`, 1_500);
    await share(doc, { read, write: [] });
    expect(await readersOf(`${doc}-0-1500`)).toEqual({ read, write: ['alice'] });
    await expect(share(doc, { read: [...read, 'mallory'], write: [] })).rejects.toMatchObject({ code: 'too_large' });
    await expect(ledger.write(make(`${doc}-more`, doc, 'inherit'), alice)).rejects.toMatchObject({ code: 'too_large' });
  });
});
