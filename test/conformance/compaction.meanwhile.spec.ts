import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Lease } from '../../src/database/lease.js';
import { ledgerKeyOf } from '../../src/ledger/compaction/checkpoint.js';
import { compactLedger, type Compacted, type CompactionParts } from '../../src/ledger/compaction/compact-ledger.js';
import { Compactor } from '../../src/ledger/compaction/compactor.js';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import { LedgerReader } from '../../src/ledger/read/ledger-reader.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { LedgerReads } from '../../src/application/ledger-reads.js';
import { AuditReader } from '../../src/compliance/audit-reader.js';
import { LedgerImport } from '../../src/ledger/transfer/import-ledger.js';
import type { TransferLine } from '../../src/ledger/transfer/lines.js';
import { exportLedger } from '../../src/ledger/transfer/export-ledger.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { create, openLedger, SOMEBODY, TENANT, update, write, type TestLedger } from '../support/ledger/ledger.js';
import { queryOf } from '../support/ledger/raw-query.js';
import { watchStatements } from '../support/ledger/statements.js';
import { WatchedStore } from '../support/ledger/watched-store.js';

const KEY = ledgerKeyOf('a secret of the spec');
const HEAD = 12;

async function drained(all: AsyncGenerator): Promise<void> {
  for (let each = await all.next(); each.done !== true; each = await all.next());
}

/* What goes on beside a compaction, at its most awkward moment. */
describe.each(DATABASES)('while a ledger on %s is compacted', (_name, make) => {
  let database: Database;
  let store: SqlStore;
  let ledger: TestLedger;
  let folder: string;
  let watched: WatchedStore;
  beforeEach(async () => {
    database = await make();
    store = await openStore(database.url);
    let time = Date.now() - 3_600_000;
    ledger = await openLedger(store, { now: () => (time += 1_000) });
    folder = join(await mkdtemp(join(tmpdir(), 'archive-')), 'of', 'ledgers');
    watched = new WatchedStore(store);
    await ledger.write(create('a', { n: 0 }, { opId: 'made' }));
    await ledger.write(create('b', { n: 0 }));
    for (let n = 1; n <= 5; n += 1) await ledger.write(update('a', { n }, { opId: `a-${n}` }));
    for (let n = 1; n <= 5; n += 1) await ledger.write(update('b', { n }));
  });
  afterEach(async () => {
    await ledger.close();
    await database.drop();
    await rm(join(folder, '..', '..'), { recursive: true });
  });

  const compact = (upTo: number, parts: Partial<CompactionParts> = {}): Promise<Compacted> =>
    compactLedger({ ledger: store.ledger(TENANT), folder, key: KEY, ...parts }, upTo);
  const faultNow = async () => (await verifyLedger(store.ledger(TENANT), undefined, [KEY.publicKey])).fault;
  const seqsOf = async (): Promise<number[]> =>
    (await store.ledger(TENANT).alterations.page({ after: 0, upTo: 99, limit: 99, chars: 1e9 })).map(({ seq }) => seq);
  /** Runs something once, before or after the so-many-th call of a method. */
  const once = (when: 'before' | 'after', method: string, work: () => Promise<unknown>, nth = 1): void => {
    let left = nth;
    watched[when] = async (called) => {
      if (called === method && (left -= 1) === 0) await work();
    };
  };

  it.each([
    ['a page of events ends before what it cannot fold', 3, []],
    ['a page of events has what it can fold', 1, [2]],
  ])('%s', async (_what, after, seqs) => {
    const reader = new LedgerReader(watched.store.ledger(TENANT));
    once('before', 'alterations.deltaChain', () => compact(10));
    const page = await reader.page(after, HEAD, { chars: 1e9 });
    expect(page.map(({ alteration }) => alteration.seq)).toEqual(seqs);
    expect(page.filter(({ erased }) => erased)).toEqual([]);
  });

  it('who has been passed over is told what stands behind the floor', async () => {
    await compact(10, {
      keepOn: async (step) => {
        if (step !== 'drop') return;
        const page = await ledger.reader.knownPage(1, 99, { chars: 1e9 });
        expect(page.map(({ alteration, atome }) => [alteration.seq, 'data' in atome && atome.data])).toEqual([
          [11, { n: 4 }],
          [12, { n: 5 }],
        ]);
      },
    });
    expect(await ledger.reader.knownPage(12, 99, { chars: 1e9 })).toEqual([]);
  });

  it('a compact page has each atome as it is, whichever of its alterations have gone', async () => {
    const reader = new LedgerReader(watched.store.ledger(TENANT));
    once('after', 'alterations.newest', async () => {
      await ledger.write(update('a', { n: 6 }));
      await ledger.write(create('c'));
      await compact(HEAD + 1);
    });
    const shown = new Map<string, unknown>();
    for (let after = 0, isLast = false; !isLast;) {
      const page = await reader.newestPage(after, { chars: 1 });
      for (const { atome, erased } of page.committed) shown.set(atome.id, erased ?? ('data' in atome && atome.data));
      after = page.committed.at(-1)?.alteration.seq ?? after;
      ({ isLast } = page);
    }
    expect(shown).toEqual(new Map([...Object.entries({ a: { n: 6 }, b: { n: 5 }, c: {} })]));
  });

  it('a snapshot does not leave out what it cannot fold any more', async () => {
    const reader = new LedgerReader(watched.store.ledger(TENANT));
    once('before', 'alterations.deltaChain', () => compact(11));
    const taken = (async () => {
      await drained(reader.snapshot(9));
    })();
    await expect(taken).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('an export that would have a hole fails, and says why', async () => {
    const exported = (async () => {
      const options = { ledger: watched.store.ledger(TENANT), database: store, after: 0, progress: () => undefined };
      await drained(exportLedger(options));
    })();
    once('before', 'alterations.page', () => compact(10));
    await expect(exported).rejects.toThrow('has gone into an archive meanwhile');
  });

  it.each(['alterations.page', 'alterations.versions'])('verify is not misled before %s', async (method) => {
    await compact(3);
    once('before', method, () => compact(10));
    const { fault, floor } = await verifyLedger(watched.store.ledger(TENANT), undefined, [KEY.publicKey]);
    expect({ fault, floor }).toEqual({ fault: undefined, floor: 10 });
  });

  it('nothing goes before its archive is read again as it was written', async () => {
    const parts = { ledger: watched.store.ledger(TENANT) };
    let archive = '';
    let text = '';
    once(
      'after',
      'audit.floor',
      async () => {
        [archive] = (await readdir(folder)) as [string];
        text = await readFile(join(folder, archive), 'utf8');
        await rm(join(folder, archive));
      },
      2,
    );
    await expect(compact(10, parts)).rejects.toThrow(/1-10\.ndjson in .* is not there/);
    expect(await seqsOf()).toHaveLength(HEAD);
    await writeFile(join(folder, archive), text.replace('n\\":3', 'n\\":4'));
    await expect(compact(10)).rejects.toThrow('is not the file that was written');
    expect(await seqsOf()).toHaveLength(HEAD);
    expect(await faultNow()).toBeUndefined();
    await writeFile(join(folder, archive), text);
    expect(await compact(10)).toMatchObject({ floor: 10 });
    expect(await seqsOf()).toEqual([11, 12]);
    expect(await faultNow()).toBeUndefined();
  });

  it('no part of an archive is left behind, neither of one that failed nor of one that was killed', async () => {
    const failing = compact(10, { keepOn: () => Promise.reject(new Error('the disk is full')) });
    await expect(failing).rejects.toThrow('the disk is full');
    expect(await readdir(folder)).toEqual([]);
    await compact(3);
    const [archive] = (await readdir(folder)) as [string];
    const name = archive.replace('.1-3.ndjson', '');
    await writeFile(join(folder, `${name}.killed.part`), 'cut sh');
    await writeFile(join(folder, 'of-another.part'), '');
    await compact(10);
    expect((await readdir(folder)).sort()).toEqual([archive, `${name}.4-10.ndjson`, 'of-another.part'].sort());
  });

  it('two that are at it come to one floor, and to nothing less than the states there', async () => {
    let steps = 0;
    const slow = compact(5, {
      keepOn: async (step) => {
        // the lease has run out meanwhile, and another does it all
        if (step === 'archive' && (steps += 1) === 1) await compact(10);
      },
    });
    await expect(slow).rejects.toThrow();
    expect(await faultNow()).toBeUndefined();
    expect(await compact(11)).toMatchObject({ floor: 11 });
    expect(await faultNow()).toBeUndefined();
  });

  it('who has lost the lease sets no floor', async () => {
    const [own, other] = [new Lease(store, '$compaction'), new Lease(store, '$compaction')];
    await own.take(1);
    const compacting = compact(10, {
      lease: own,
      keepOn: async (step) => {
        if (step !== 'states') return;
        await store.transact(['UPDATE atome_consumers SET expires_at = 0']);
        expect(await other.take(60_000)).toBe(true);
      },
    });
    await expect(compacting).rejects.toThrow('another has compacted it meanwhile');
    expect(await store.ledger(TENANT).audit.floor()).toBeUndefined();
    expect(await seqsOf()).toHaveLength(HEAD);
    expect(await compact(10, { lease: other })).toMatchObject({ floor: 10 });
    expect(await faultNow()).toBeUndefined();
  });

  it('an erasure between any two steps reaches the states at the floor', async () => {
    for (const [id, at] of [
      ['c', 'archive'],
      ['d', 'states'],
      ['e', 'drop'],
    ] as const) {
      await ledger.write(create(id, { secret: id }));
      await ledger.write(update(id, { secret: `${id}${id}` }));
      const { seq } = await ledger.reader.head();
      let isErased = false;
      await compact(seq, {
        keepOn: async (step) => {
          if (step !== at || isErased) return;
          isErased = true;
          await ledger.write(write(id, 'redact', {}));
        },
      });
      expect(await faultNow()).toBeUndefined();
      expect(JSON.stringify(await store.ledger(TENANT).bases.at(id, seq))).not.toContain('secret');
    }
  });

  it('one ledger that is not sound keeps none of the others from it', async () => {
    const principal = { id: 'somebody', tenant: 'other', roles: ['writer'] };
    for (const id of ['x', 'y']) await ledger.writer.submit('other', create(id), { principal, sourceClient: null });
    const query = queryOf(store);
    if (store.kind === 'postgres') await query(`SELECT set_config('atome.tenant', '${TENANT}', false)`);
    await query(`UPDATE atome_alterations SET author = 'forged' WHERE tenant = '${TENANT}' AND seq = 4`);
    const results = [];
    for await (const each of new Compactor(store, { folder, key: KEY }).run([TENANT, 'other'], { seq: 11 }))
      results.push(each);
    expect(results).toMatchObject([
      { tenant: TENANT, floor: 0, fault: expect.stringContaining('alteration 4') },
      { tenant: 'other', floor: 1, archived: 1 },
    ]);
    expect(await seqsOf()).toHaveLength(HEAD);
  });

  it('answers to writes are forgotten when they are old, and what they took is given back', async () => {
    await ledger.write(update('a', { n: 5 }, { opId: 'changes-nothing' }));
    await compact(7);
    const known = () => ledger.write(update('a', { n: 3 }, { opId: 'a-3' }));
    expect(await known()).toMatchObject({ outcome: 'duplicate' });
    const query = queryOf(store);
    if (store.kind === 'postgres') await query(`SELECT set_config('atome.tenant', '${TENANT}', false)`);
    const aged = new Date(Date.now() - 91 * 86_400_000).toISOString();
    await query(`UPDATE atome_receipts SET timestamp = '${aged}' WHERE op_id IN ('a-3', 'changes-nothing')`);
    for await (const { floor } of new Compactor(store, { folder, key: KEY }).run([TENANT], { seq: 0 }))
      expect(floor).toBe(7);
    expect(await faultNow()).toBeUndefined();
    expect(await known()).toMatchObject({ outcome: 'applied' });
    expect(await ledger.write(update('a', { n: 4 }, { opId: 'a-4' }))).toMatchObject({ outcome: 'duplicate' });
  });

  it('its audit still knows what was before a time', async () => {
    const audit = new AuditReader({ ledgerOf: () => store.ledger(TENANT) } as unknown as LedgerReads);
    const { timestamp } = (await store.ledger(TENANT).alterations.version('b', 5))!;
    const before = (): Promise<number> => audit.countBefore(SOMEBODY, { time: timestamp }, HEAD);
    expect(await before()).toBe(10);
    await compact(9);
    expect(await before()).toBe(10);
  });

  it('its archives can be taken in again where they are from, and add nothing', async () => {
    for (const upTo of [4, 7, 9]) await compact(upTo);
    const head = await ledger.reader.head();
    const names = (await readdir(folder)).sort();
    expect(names).toHaveLength(3);
    for (const name of names) {
      const into = new LedgerImport(store, () => undefined);
      for (const line of (await readFile(join(folder, name), 'utf8')).trimEnd().split('\n')) {
        expect((await into.take(JSON.parse(line) as TransferLine))?.added ?? 0).toBe(0);
      }
      into.close();
    }
    expect(await ledger.reader.head()).toEqual(head);
    expect(await faultNow()).toBeUndefined();
    const other = await openStore('sqlite::memory:');
    const second = (await readFile(join(folder, names[1]!), 'utf8')).split('\n');
    const outOfOrder = async (): Promise<unknown> =>
      new LedgerImport(other, () => undefined).take(JSON.parse(second[1]!) as TransferLine);
    await expect(outOfOrder()).rejects.toThrow('import what is between');
    await other.close();
  });

  it('nothing more is asked of a ledger that has no floor', async () => {
    const statements = await watchStatements(store);
    await ledger.write(update('a', { n: 7 }));
    await ledger.reader.page(0, HEAD, { chars: 1e9 });
    await ledger.reader.newestPage(0, { chars: 1e9 });
    expect(statements.take().filter((sql) => sql.includes('archive_digest'))).toEqual([]);
    statements.stop();
  });
});
