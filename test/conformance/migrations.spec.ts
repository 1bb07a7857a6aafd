import { describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { dataSourceOptions, openStore } from '../../src/ledger/data-source.js';
import { verifyLedger } from '../../src/ledger/verify.js';
import { DATABASES } from '../support/databases.js';
import { create, openLedger, TENANT, update, write } from '../support/ledger.js';

describe.each(DATABASES)('a ledger on %s that an earlier version has written', (_name, make) => {
  it('is sound once it has been brought up to date', async () => {
    const database = await make();
    const ledger = await openLedger(await openStore(database.url));
    await ledger.write(create('a', { x: 'é😀' }));
    await ledger.write(write('a', 'replace', { data: { y: 1 } }));
    await ledger.write(update('a', { z: 1 }));
    const before = (await ledger.store.atome(TENANT, 'a'))!;
    await ledger.close();
    const old = await new DataSource(dataSourceOptions(database.url)).initialize();
    await old.query(`UPDATE atomes SET clocks = '{}'`);
    for (let left = old.migrations.length; left > 1; left -= 1) await old.undoLastMigration();
    await old.destroy();
    const store = await openStore(database.url);
    expect(await store.atome(TENANT, 'a')).toEqual(before);
    expect(await verifyLedger(store, TENANT)).toMatchObject({ alterations: 3, fault: undefined });
    await store.close();
    await database.drop();
  });
});
