import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { exportLedger } from '../../src/ledger/transfer/export-ledger.js';
import { ImportError, LedgerImport, type Imported } from '../../src/ledger/transfer/import-ledger.js';
import { FIRST_LINE, type AlterationLine, type TransferLine } from '../../src/ledger/transfer/lines.js';
import { createFile, DATABASES, type Database } from '../support/databases/databases.js';
import { createOwnedDatabase } from '../support/databases/plain-role.js';
import { by, create, openLedger, TENANT, update, write, type TestLedger } from '../support/ledger/ledger.js';

const PAIRS = [
  ['SQLite', 'PostgreSQL', createFile, createOwnedDatabase],
  ['PostgreSQL', 'SQLite', createOwnedDatabase, async () => createFile()],
] as const;

/** As it comes out of a file. */
async function linesOf(store: SqlStore, after = 0): Promise<TransferLine[]> {
  const lines: TransferLine[] = [FIRST_LINE];
  const ledger = store.ledger(TENANT);
  for await (const line of exportLedger({ ledger, database: store, after, progress: () => undefined }))
    lines.push(line);
  return JSON.parse(JSON.stringify(lines)) as TransferLine[];
}

async function take(store: SqlStore, lines: readonly TransferLine[]): Promise<Imported | undefined> {
  const into = new LedgerImport(store, () => undefined);
  let imported: Imported | undefined;
  for (const line of lines) imported = (await into.take(line)) ?? imported;
  into.close();
  return imported;
}

/** Everything that can be in a ledger: what lost, what was erased, what changed nothing, long histories, rights. */
async function fill(ledger: TestLedger): Promise<void> {
  await ledger.write(
    create('a', { text: 'é😀'.repeat(400), n: 0 }, { opId: 'op-a', reason: 'why' }),
    by('alice', 'tab'),
  );
  for (let n = 1; n <= 70; n += 1) await ledger.write(update('a', { n }));
  await ledger.write(update('a', { n: -1 }, { hlc: '000000000000001-0000-old' }));
  await ledger.write(update('a', { n: 70 }, { opId: 'changes-nothing' }), by('alice'));
  await ledger.write(create('gone', { secret: 1 }));
  await ledger.write(update('gone', { secret: 2 }, { opId: 'secret-op' }));
  await ledger.write(write('gone', 'redact', {}));
  await ledger.write(create('deleted', {}));
  await ledger.write(write('deleted', 'delete', {}));
  const shared = { kind: 'folder', type: null, data: {}, meta: {}, parentId: null, access: 'private' } as const;
  await ledger.write(write('parent', 'create', shared), by('alice'));
  const descendant = { ...shared, kind: 'note', parentId: 'parent', access: 'inherit' } as const;
  await ledger.write(write('descendant', 'create', descendant), by('alice'));
  await ledger.write(write('parent', 'share', { access: 'tenant' }), by('alice'));
  await ledger.settled();
}

describe.each(PAIRS)('a ledger that moves from %s to %s', (_from, _to, make, makeOther) => {
  let databases: Database[];
  let ledger: TestLedger;
  let source: SqlStore;
  let target: SqlStore;
  beforeEach(async () => {
    databases = [await make(), await makeOther()];
    source = await openStore(databases[0]!.url);
    target = await openStore(databases[1]!.url);
    ledger = await openLedger(source);
  });
  afterEach(async () => {
    await ledger.close();
    await target.close();
    for (const database of databases) await database.drop();
  });

  const rowsOf = async (store: SqlStore): Promise<unknown[]> => {
    const ledger = store.ledger(TENANT);
    const page = await ledger.alterations.page({ after: 0, upTo: 1e9, limit: 1_000, chars: 1e9 });
    return [await ledger.write.head(), page, await ledger.atomes.after({ after: '', limit: 100, isWhole: true })];
  };

  it('is the same there, to the last column and byte that is counted, and remembers what it has answered', async () => {
    await fill(ledger);
    const imported = await take(target, await linesOf(source));
    const sound = await verifyLedger(source.ledger(TENANT));
    expect(sound.fault).toBeUndefined();
    expect(await verifyLedger(target.ledger(TENANT))).toEqual(sound);
    expect(imported).toMatchObject({
      added: sound.alterations,
      hash: (await source.ledger(TENANT).write.head())!.hash,
    });
    expect(await rowsOf(target)).toEqual(await rowsOf(source));
    const other = await openLedger(target);
    const again = update('a', { n: 70 }, { opId: 'changes-nothing' });
    expect(await other.write(again, by('alice'))).toMatchObject({ outcome: 'duplicate' });
    await other.writer.drain();
  });

  it('adds nothing the second time, goes on where it was cut off, and takes in what was written since', async () => {
    await fill(ledger);
    const lines = await linesOf(source);
    await expect(take(target, lines.slice(0, 40))).rejects.toThrow('no end');
    await take(target, lines);
    expect(await take(target, lines)).toMatchObject({ added: 0 });
    const { seq } = (await target.ledger(TENANT).write.head())!;
    await ledger.write(write('a', 'redact', {}));
    await ledger.write(create('later'));
    expect(await take(target, await linesOf(source, seq))).toMatchObject({ added: 2 });
    expect(await take(target, lines)).toMatchObject({ added: 0 });
    expect(await take(target, await linesOf(source))).toMatchObject({ added: 0 });
    expect((await verifyLedger(target.ledger(TENANT))).fault).toBeUndefined();
    expect(await rowsOf(target)).toEqual(await rowsOf(source));
  });

  it('is whole when an atome is erased while it is read', async () => {
    await ledger.write(create('x', { n: 0 }));
    for (let n = 1; n <= 600; n += 1) await ledger.write(update('x', { n }));
    const lines: TransferLine[] = [FIRST_LINE];
    const options = { ledger: source.ledger(TENANT), database: source, after: 0, progress: () => undefined };
    for await (const line of exportLedger(options)) {
      lines.push(line);
      if (lines.length === 20) await ledger.write(write('x', 'redact', {}));
    }
    await take(target, lines);
    expect((await verifyLedger(target.ledger(TENANT))).fault).toBeUndefined();
    expect(await target.ledger(TENANT).write.head()).toEqual(await source.ledger(TENANT).write.head());
  });

  it.each<[string, (lines: TransferLine[]) => void, string]>([
    ['a changed payload', (lines) => changeRow(lines, 3, { changes: '{"n":1}' }), 'not those that were written'],
    ['a changed author', (lines) => changeRow(lines, 2, { author: 'mallory' }), 'not those that were written'],
    ['a missing row', (lines) => lines.splice(3, 1), 'missing'],
    ['rows in another order', (lines) => lines.splice(2, 2, lines[3]!, lines[2]!), 'missing'],
    ['no end', (lines) => lines.pop(), 'cut short'],
  ])('is refused with %s, and what is taken in is whole', async (_what, harm, said) => {
    for (const id of ['a', 'b', 'c', 'd']) await ledger.write(create(id, { n: 1 }));
    const lines = await linesOf(source);
    harm(lines);
    await expect(take(target, lines)).rejects.toThrow(ImportError);
    await expect(take(target, lines)).rejects.toThrow(said);
    expect((await verifyLedger(target.ledger(TENANT))).fault).toBeUndefined();
  });

  it('is refused where it was written to in both places, or where there is another', async () => {
    await ledger.write(create('a'));
    const lines = await linesOf(source);
    await take(target, lines);
    await ledger.write(create('here'));
    const other = await openLedger(target);
    await other.write(create('there'));
    await expect(take(target, await linesOf(source))).rejects.toThrow('in both places');
    const { hash } = (await target.ledger(TENANT).write.head())!;
    const foreign = lines.map((line) => (line.type === 'ledger' ? { ...line, epoch: 'another' } : line));
    await expect(take(target, foreign)).rejects.toThrow('another ledger here');
    expect((await target.ledger(TENANT).write.head())!.hash).toBe(hash);
    await other.writer.drain();
  });
});

function changeRow(lines: TransferLine[], index: number, more: Partial<AlterationLine['row']>): void {
  lines[index] = { ...lines[index], row: { ...(lines[index] as AlterationLine).row, ...more } } as AlterationLine;
}

describe.each(DATABASES)('tables on %s that nobody may make', (_name, make) => {
  it('are asked for in a sentence, and are opened when they are there', async () => {
    const database = await make();
    const refused = expect.stringMatching(/there is no file|run atome-sync migrate/);
    await expect(openStore(database.url, { migrates: false })).rejects.toMatchObject({
      name: 'OpenError',
      message: refused,
    });
    await (await openStore(database.url)).close();
    const store = await openStore(database.url, { migrates: false });
    expect(await store.tenants()).toEqual([]);
    await store.close();
    await database.drop();
  });
});
