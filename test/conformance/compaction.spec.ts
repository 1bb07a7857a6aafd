import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ledgerKeyOf } from '../../src/ledger/compaction/checkpoint.js';
import { compactLedger, type Compacted } from '../../src/ledger/compaction/compact-ledger.js';
import { verifyLedger, type VerifyResult } from '../../src/ledger/integrity/verify-ledger.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { exportLedger } from '../../src/ledger/transfer/export-ledger.js';
import { LedgerImport } from '../../src/ledger/transfer/import-ledger.js';
import type { TransferLine } from '../../src/ledger/transfer/lines.js';
import type { AtomeRow } from '../../src/ledger/rows.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { DATABASES } from '../support/databases/databases.js';
import { archivedLedger } from '../support/ledger/archived-ledger.js';
import { by, create, TENANT, update, write, type TestLedger } from '../support/ledger/ledger.js';
import { queryOf } from '../support/ledger/raw-query.js';

const KEY = ledgerKeyOf('a secret of the spec');

/** Everything that can be in a ledger: what lost, what was erased, what changed nothing, long histories, rights. */
async function fill(ledger: TestLedger): Promise<void> {
  const alice = by('alice', 'tab');
  await ledger.write(create('a', { text: 'é😀'.repeat(400), n: 0 }, { opId: 'op-a', reason: 'why' }), alice);
  for (let n = 1; n <= 70; n += 1) await ledger.write(update('a', { n }, { opId: `n-${n}` }), alice);
  await ledger.write(update('a', { n: -1 }, { hlc: '000000000000001-0000-old', opId: 'lost' }), alice);
  await ledger.write(update('a', { n: 70 }, { opId: 'changes-nothing' }), alice);
  await ledger.write(create('gone', { secret: 1 }));
  await ledger.write(update('gone', { secret: 2 }, { opId: 'secret-op' }));
  await ledger.write(write('gone', 'redact', {}));
  await ledger.write(create('later', { secret: 3 }, { opId: 'later-op' }));
  await ledger.write(create('deleted', {}));
  await ledger.write(write('deleted', 'delete', {}));
  const folder = { kind: 'folder', type: null, data: {}, meta: {}, parentId: null, access: 'private' } as const;
  await ledger.write(write('parent', 'create', folder, { opId: 'folder' }), by('alice'));
  const descendant = { ...folder, kind: 'note', parentId: 'parent', access: 'inherit' } as const;
  await ledger.write(write('descendant', 'create', descendant, { opId: 'descendant' }), by('alice'));
  await ledger.write(write('parent', 'share', { access: 'tenant' }, { opId: 'shared' }), by('alice'));
  await ledger.settled();
  await ledger.write(update('a', { n: 71 }), alice);
  await ledger.write(write('a', 'restore', { version: 2 }, { opId: 'back' }), alice);
  await ledger.write(create('last'));
}

describe.each(DATABASES)('a ledger on %s that is compacted', (_name, make) => {
  let store: SqlStore;
  let ledger: TestLedger;
  let folder: string;
  let drop: () => Promise<void>;
  beforeEach(async () => {
    ({ store, ledger, folder, drop } = await archivedLedger(make));
  });
  afterEach(() => drop());

  const compact = (upTo: number): Promise<Compacted> =>
    compactLedger({ ledger: store.ledger(TENANT), folder, key: KEY }, upTo);
  const verify = (): Promise<VerifyResult> => verifyLedger(store.ledger(TENANT), undefined, [KEY.publicKey]);
  const statesOf = (): Promise<AtomeRow[]> =>
    store.ledger(TENANT).atomes.after({ after: '', limit: 100, isWhole: true });
  const headOf = async () => (await store.ledger(TENANT).write.head())!;

  it('has the same states and head, wherever the floor is, and is sound', async () => {
    await fill(ledger);
    const [states, head, before] = [await statesOf(), await headOf(), await verify()];
    expect(before.fault).toBeUndefined();
    for (const floor of [1, 2, 30, 60, 71, 75, 76, 77, 79, 81, 84, head.seq - 1, head.seq + 10]) {
      const upTo = Math.min(floor, head.seq - 1);
      expect(await compact(floor)).toMatchObject({ floor: upTo });
      expect(await verify()).toEqual({ ...before, floor: upTo });
      expect(await statesOf()).toEqual(states);
      const { bytes, ...rest } = await headOf();
      expect({ ...rest, bytes: head.bytes }).toEqual(head);
      expect(bytes).toBeGreaterThan(0);
      expect(await store.ledger(TENANT).alterations.page({ after: 0, upTo, limit: 1, chars: 1 })).toEqual([]);
    }
  });

  it('goes on wherever it was interrupted, in whatever step, and comes to the same', async () => {
    await fill(ledger);
    const [states, before] = [await statesOf(), await verify()];
    const upTo = before.alterations - 1;
    let steps = 0;
    for (let isDone = false; !isDone;) {
      let left = (steps += 1);
      const keepOn = async (): Promise<void> => {
        if ((left -= 1) === 0) throw new Error('killed');
      };
      isDone = await compactLedger({ ledger: store.ledger(TENANT), folder, key: KEY, keepOn }, upTo).then(
        () => true,
        () => false,
      );
      const { fault } = await verify();
      expect(fault).toBeUndefined();
      expect(await statesOf()).toEqual(states);
      if (steps % 2 === 0) await ledger.write(update('a', { steps }));
      if (steps % 2 === 0)
        await ledger.write(write('a', 'restore', { version: before.alterations }, {})).catch(() => undefined);
      if (steps % 2 === 0) states.splice(0, states.length, ...(await statesOf()));
    }
    expect(steps).toBeGreaterThan(3);
    expect(await verify()).toMatchObject({ floor: upTo, fault: undefined });
    const bases = await store.ledger(TENANT).bases.digests({ after: 0, upTo: 1e9, limit: 1_000 });
    expect(new Set(bases.map(({ atomeId }) => atomeId)).size).toBe(bases.length);
  });

  it('still answers a write that is repeated, and refuses another under its name', async () => {
    await fill(ledger);
    const { seq } = await headOf();
    await compact(seq - 1);
    const alice = by('alice');
    const again = [
      create('a', { text: 'é😀'.repeat(400), n: 0 }, { opId: 'op-a' }),
      update('a', { n: 5 }, { opId: 'n-5' }),
      update('a', { n: -1 }, { opId: 'lost' }),
      update('a', { n: 70 }, { opId: 'changes-nothing' }),
      write('parent', 'share', { access: 'tenant' }, { opId: 'shared' }),
      write('a', 'restore', { version: 2 }, { opId: 'back' }),
      write(
        'descendant',
        'create',
        { kind: 'note', type: null, data: {}, meta: {}, parentId: 'parent', access: 'inherit' },
        { opId: 'descendant' },
      ),
    ];
    for (const each of again) expect(await ledger.write(each, alice)).toMatchObject({ outcome: 'duplicate' });
    expect(await ledger.write(again[2]!, alice)).toMatchObject({ superseded: ['data.n'] });
    expect(await ledger.write(update('gone', { secret: 2 }, { opId: 'secret-op' }))).toMatchObject({
      outcome: 'duplicate',
    });
    await expect(ledger.write(update('a', { n: 6 }, { opId: 'n-5' }), alice)).rejects.toMatchObject({
      code: 'op_reused',
    });
    expect((await headOf()).seq).toBe(seq);
    expect((await verify()).fault).toBeUndefined();
  });

  it('erases what is at its floor as well', async () => {
    await fill(ledger);
    await compact((await headOf()).seq - 1);
    await ledger.write(write('later', 'redact', {}));
    await ledger.write(write('a', 'redact', {}));
    expect((await verify()).fault).toBeUndefined();
    const { seq } = await headOf();
    expect(await store.ledger(TENANT).bases.at('later', seq)).toMatchObject({
      snapshot: 'null',
      rest: 'null',
      salt: '',
    });
    expect(await ledger.write(create('later', { secret: 4 }, { opId: 'later-op' }))).toMatchObject({
      outcome: 'duplicate',
    });
    await compact(seq - 1);
    await compact(seq);
    expect((await verify()).fault).toBeUndefined();
    await expect(ledger.reader.getAt('later', { version: 1 })).rejects.toMatchObject({
      code: 'gone',
      details: { redacted: true },
    });
  });

  it('says where the history begins, and keeps all behind that', async () => {
    await fill(ledger);
    const { seq } = await headOf();
    const [whole, at] = [await ledger.reader.history('a', 1, 100), await ledger.reader.getAt('a', { version: 60 })];
    await compact(60);
    const archivedTo = 60;
    const { alterations, ...page } = await ledger.reader.history('a', 1, 100);
    expect(page).toEqual({ currentVersion: whole.currentVersion, next: undefined, archivedTo });
    expect(alterations).toEqual(whole.alterations.filter(({ version }) => version > archivedTo));
    expect(await ledger.reader.getAt('a', { version: 60 })).toEqual(at);
    expect(await ledger.reader.getAt('a', { seq: 60 })).toEqual(at);
    const gone = { code: 'gone', details: { archivedTo } };
    await expect(ledger.reader.getAt('a', { version: 59 })).rejects.toMatchObject(gone);
    await expect(ledger.reader.getAt('a', { seq: 59 })).rejects.toMatchObject(gone);
    await expect(ledger.write(write('a', 'restore', { version: 3 }))).rejects.toMatchObject(gone);
    expect(await ledger.write(write('a', 'restore', { version: 60 }))).toMatchObject({ outcome: 'applied' });
    expect((await ledger.reader.get('a')).data).toEqual(at.data);
    expect((await headOf()).seq).toBe(seq + 1);
  });

  it('is whole again where its archives and an export are taken in', async () => {
    await fill(ledger);
    const { hash } = await headOf();
    const archives = [await compact(40), await compact(81)].map(({ archive }) => archive!);
    const other = await openStore('sqlite::memory:');
    const into = new LedgerImport(other, () => undefined);
    for (const archive of archives) {
      for (const line of (await readFile(join(folder, archive), 'utf8')).trimEnd().split('\n')) {
        await into.take(JSON.parse(line) as TransferLine);
      }
    }
    const options = { ledger: store.ledger(TENANT), database: store, after: 81, progress: () => undefined };
    for await (const line of exportLedger(options)) await into.take(line);
    into.close();
    expect((await other.ledger(TENANT).write.head())!.hash).toBe(hash);
    expect(await verifyLedger(other.ledger(TENANT))).toEqual({ ...(await verify()), floor: undefined });
    expect(await other.ledger(TENANT).atomes.after({ after: '', limit: 100, isWhole: true })).toEqual(await statesOf());
    await other.close();
  });

  it('is found unsound where anything at its floor was changed', async () => {
    await fill(ledger);
    await compact(81);
    const query = queryOf(store);
    const scope = store.kind === 'postgres' ? `SELECT set_config('atome.tenant', '${TENANT}', false)` : 'SELECT 1';
    await query(scope);
    for (const [change, back] of [
      [
        `UPDATE atome_bases SET version = version + 1000 WHERE atome_id = 'deleted'`,
        `UPDATE atome_bases SET version = version - 1000 WHERE atome_id = 'deleted'`,
      ],
      [
        `UPDATE atome_bases SET snapshot = replace(snapshot, 'folder', 'f0lder')`,
        `UPDATE atome_bases SET snapshot = replace(snapshot, 'f0lder', 'folder')`,
      ],
      [
        `UPDATE atome_bases SET rest = replace(rest, 'data.n', 'data.m')`,
        `UPDATE atome_bases SET rest = replace(rest, 'data.m', 'data.n')`,
      ],
      [`UPDATE atome_floors SET atomes = atomes + 1`, `UPDATE atome_floors SET atomes = atomes - 1`],
      [`UPDATE atome_floors SET archive = 'x' || archive`, `UPDATE atome_floors SET archive = substr(archive, 2)`],
    ] as const) {
      await query(change);
      expect((await verify()).fault).toBeDefined();
      await query(back);
      expect((await verify()).fault).toBeUndefined();
    }
    const other = ledgerKeyOf('another secret');
    expect((await verifyLedger(store.ledger(TENANT), undefined, [other.publicKey])).fault?.reason).toContain(
      KEY.publicKey,
    );
    await expect(compactLedger({ ledger: store.ledger(TENANT), folder, key: other }, 82)).rejects.toThrow(
      KEY.publicKey,
    );
    const trusted = { ledger: store.ledger(TENANT), folder, key: other, trusted: [KEY.publicKey] };
    expect(await compactLedger(trusted, 82)).toMatchObject({ floor: 82 });
  });
});
