import { describe, expect, it } from '@jest/globals';
import { LedgerDataSource } from '../../src/database/ledger-data-source.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import { DATABASES } from '../support/databases/databases.js';
import { createOwnedDatabase } from '../support/databases/plain-role.js';
import { create, openLedger, SOMEBODY, TENANT, update, write } from '../support/ledger/ledger.js';
import { querying } from '../support/ledger/raw-query.js';
import { putRows } from '../support/ledger/rows.js';

const ALL = [...DATABASES, ['PostgreSQL without superuser', createOwnedDatabase]] as const;

describe.each(ALL)('a ledger on %s that an earlier version has written', (_name, make) => {
  it('is sound once it has been brought up to date', async () => {
    const database = await make();
    const ledger = await openLedger(await openStore(database.url));
    await ledger.write(create('a', { x: 'é😀' }));
    await ledger.write(write('a', 'replace', { data: { y: 1 } }));
    await ledger.write(update('a', { z: 1 }));
    // it has been of several kinds, and came back to the first; of another kind it was only by a write that lost
    await ledger.write(write('a', 'replace', { kind: 'task' }));
    await ledger.write(write('a', 'replace', { kind: 'lost' }, { hlc: '000000000000001-0000-x' }));
    await ledger.write(write('a', 'restore', { version: 1 }));
    const before = (await ledger.store.ledger(TENANT).atomes.get('a'))!;
    await ledger.close();
    const old = await new LedgerDataSource(database.url).initialize();
    await querying(old)(`UPDATE atome_atomes SET clocks = '{}'`);
    for (let left = old.migrations.length; left > 1; left -= 1) await old.undoLastMigration();
    await old.destroy();
    const store = await openStore(database.url);
    expect(await store.ledger(TENANT).atomes.get('a')).toEqual(before);
    expect(await verifyLedger(store.ledger(TENANT))).toMatchObject({ alterations: 6, fault: undefined });
    await store.close();
    await database.drop();
  });

  it('still knows what it has answered, by a digest', async () => {
    const database = await make();
    const ledger = await openLedger(await openStore(database.url));
    await ledger.write(create('a', { x: 1, y: 1 }));
    const note = { kind: 'note', type: null, data: { x: 1 }, meta: {}, parentId: null };
    const open = { ...note, access: 'tenant' };
    const changes = {
      update: { y: 1, x: 1, long: 'x'.repeat(5_000) },
      restore: { version: 1, data: {} },
      create: open,
    };
    const receipts = Object.entries(changes).map(([operation, each]) => ({
      opId: operation,
      author: SOMEBODY.id,
      atomeId: 'a',
      operation,
      changes: JSON.stringify(each),
      seq: 1,
      version: 1,
    }));
    await putRows(ledger.store, TENANT, { receipts });
    await ledger.write(update('a', { x: 1 }, { opId: 'new' }));
    await ledger.close();
    const old = await new LedgerDataSource(database.url).initialize();
    const digested = old.migrations.findIndex(({ name }) => name === 'DigestReceipts1767000000000');
    for (let left = old.migrations.length; left > digested; left -= 1) await old.undoLastMigration();
    await old.destroy();
    const now = await openLedger(await openStore(database.url));
    const opIds = ['update', 'restore', 'new'].map((opId) => ({ opId, author: SOMEBODY.id }));
    const touched = { atomeIds: [], ops: opIds };
    const kept = await now.store.ledger(TENANT).write.commit(touched, (seen) => ({ additions: null, ...seen }));
    expect(kept.receipts.map((row) => row.changes.length).sort()).toEqual([4, 45, 45]);
    for (const again of [
      update('a', { x: 1, long: 'x'.repeat(5_000), y: 1 }, { opId: 'update' }),
      write('a', 'restore', { version: 1 }, { opId: 'restore' }),
      write('a', 'create', note, { opId: 'create' }),
      update('a', { x: 1 }, { opId: 'new' }),
    ]) {
      expect(await now.write(again)).toMatchObject({ outcome: 'duplicate', seq: 1 });
    }
    for (const other of [
      update('a', { x: 2 }, { opId: 'update' }),
      write('a', 'restore', { version: 2 }, { opId: 'restore' }),
      create('a', { x: 2 }, { opId: 'create' }),
    ]) {
      await expect(now.write(other)).rejects.toMatchObject({ code: 'op_reused' });
    }
    await now.close();
    await database.drop();
  });
});
