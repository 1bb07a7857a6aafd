import { describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import { DATABASES } from '../support/databases/databases.js';
import { createOwnedDatabase } from '../support/databases/plain-role.js';
import { create, openLedger, TENANT, update, write } from '../support/ledger/ledger.js';

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
    const old = await new DataSource(dataSourceOptions(database.url)).initialize();
    await old.query(`UPDATE atomes SET clocks = '{}'`);
    for (let left = old.migrations.length; left > 1; left -= 1) await old.undoLastMigration();
    await old.destroy();
    const store = await openStore(database.url);
    expect(await store.ledger(TENANT).atomes.get('a')).toEqual(before);
    expect(await verifyLedger(store.ledger(TENANT))).toMatchObject({ alterations: 6, fault: undefined });
    await store.close();
    await database.drop();
  });
});
