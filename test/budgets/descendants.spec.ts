import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccessPolicy } from '../../src/auth/authorization/access-policy.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { WriteOrigin } from '../../src/ledger/outcome.js';
import type { AskedAccess, Mutation } from '../../src/protocol/index.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { by, create, openLedger, write, type TestLedger } from '../support/ledger/ledger.js';
import { watchRows, type ReadRows } from '../support/ledger/watched-rows.js';

const [OWNER, READER, WRITER, STRANGER] = [by('ann'), by('bob'), by('cid'), by('eve')];
const DESCENDANTS = 50;
const SEEN = { read: ['bob'], write: ['cid'] };

const make = (id: string, parentId: string | null, access: AskedAccess): Mutation =>
  write(id, 'create', { kind: 'note', type: null, data: {}, meta: {}, parentId, access });
const share = (id: string, access: AskedAccess = 'tenant'): Mutation => write(id, 'share', { access });
const move = (id: string, parentId: string): Mutation => write(id, 'replace', { parentId });
const put = (id: string): Mutation =>
  write(id, 'replace', { kind: 'note', type: null, data: {}, meta: {}, parentId: 'elsewhere' });
const child = (id: string): Mutation => make('child', id, 'inherit');

/** Refused whatever inherits from the atome, by the right that is missing. */
const REFUSED: readonly (readonly [string, WriteOrigin, (id: string) => Mutation])[] = [
  ['a share by who may not read it', STRANGER, share],
  ['a share by who may read it', READER, share],
  ['a share by who may write it', WRITER, share],
  ['a share that inherits, by who may write it', WRITER, (id) => share(id, 'inherit')],
  ['a move by who may not read it', STRANGER, (id) => move(id, 'elsewhere')],
  ['a move by who may read it', READER, (id) => move(id, 'elsewhere')],
  ['a move to where others see it, by who may write it', WRITER, (id) => move(id, 'elsewhere')],
  ['a PUT by who may read it', READER, put],
  ['a create below it by who may not read it', STRANGER, child],
  ['a create below it by who may read it', READER, child],
];

describe.each(DATABASES)('what inherits, on %s', (_name, createDatabase) => {
  let database: Database;
  let ledger: TestLedger;
  beforeAll(async () => {
    database = await createDatabase();
    ledger = await openLedger(await openStore(database.url), { rules: new AccessPolicy({}, () => undefined) });
    await ledger.write(make('top', null, SEEN), OWNER);
    await ledger.write(make('elsewhere', null, { read: [], write: ['*'] }), OWNER);
    // of the same length, so that their rows are too
    for (const id of ['many', 'none']) await ledger.write(make(id, 'top', 'inherit'), OWNER);
    await Promise.all(
      Array.from({ length: DESCENDANTS }, (_, n) => ledger.write(make(`${n}`, 'many', 'inherit'), OWNER)),
    );
  });
  afterAll(async () => {
    await ledger.close();
    await database.drop();
  });

  async function readFor(...writes: readonly (readonly [Mutation, WriteOrigin])[]): Promise<ReadRows> {
    const watched = await watchRows(ledger.store);
    const settled = await Promise.allSettled(writes.map(([mutation, origin]) => ledger.write(mutation, origin)));
    const read = watched.stop();
    expect(settled.at(-1)).toMatchObject({ status: 'rejected' });
    return read;
  }

  it.each(REFUSED)('is not read for %s', async (_call, origin, mutation) => {
    const [many, none, unknown] = [
      await readFor([mutation('many'), origin]),
      await readFor([mutation('none'), origin]),
      await readFor([mutation('nobody'), origin]),
    ];
    // only where something comes to inherit, and there alone
    const isCounted = mutation('many').operation === 'replace' && origin === WRITER;
    expect(many.statements.some((sql) => sql.includes('descendants(id'))).toBe(isCounted);
    expect(many.statements).toEqual(none.statements);
    if (origin === STRANGER) expect(many.statements).toEqual(unknown.statements);
    expect(Math.abs(many.bytes - none.bytes)).toBeLessThan(200);
  });

  it.each(REFUSED)('is not read for %s, behind a share of their own', async (_call, origin, mutation) => {
    const own = `own-of-${origin.principal.id}`;
    await ledger.write(create(own), origin);
    const shareOwn = [share(own, 'private'), origin] as const;
    const many = await readFor(shareOwn, [mutation('many'), origin]);
    await ledger.write(share(own), origin);
    const none = await readFor(shareOwn, [mutation('none'), origin]);
    expect(Math.abs(many.bytes - none.bytes)).toBeLessThan(200);
  });

  it('is read, and follows, when a group gives the right to share before it is used', async () => {
    const rules = new AccessPolicy(
      { authorize: ({ id }, action, { type }) => (id === 'cid' && action === 'share' ? type === 'lent' : undefined) },
      () => undefined,
    );
    const lent = await openLedger(await openStore(database.url), { rules });
    await Promise.all([
      lent.write(write('many', 'replace', { type: 'lent' }), OWNER),
      lent.write(share('many', 'private'), WRITER),
      lent.write(make('late', 'many', 'inherit'), OWNER),
    ]);
    const nobodys = { read: [], write: ['ann'] };
    await lent.settled();
    for (const id of ['0', `${DESCENDANTS - 1}`, 'late']) {
      expect(await lent.reader.get(id)).toMatchObject({ inherited: nobodys });
    }
    await Promise.all([lent.write(share('many', SEEN), OWNER), lent.write(make('let', 'many', 'inherit'), WRITER)]);
    await lent.settled();
    expect(await lent.reader.get('let')).toMatchObject({ inherited: { write: ['cid', 'ann'] } });
    await lent.close();
  });

  it('is no place for the atome itself, whoever moves it', async () => {
    await ledger.write(make('ring', null, SEEN), OWNER);
    await ledger.write(make('upper', 'ring', 'inherit'), OWNER);
    await ledger.write(make('middle', 'upper', 'inherit'), OWNER);
    await ledger.write(make('lower', 'middle', 'inherit'), OWNER);
    for (const origin of [OWNER, WRITER]) {
      await expect(ledger.write(move('upper', 'lower'), origin)).rejects.toMatchObject({ code: 'invalid' });
    }
  });
});
