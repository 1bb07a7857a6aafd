import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { LedgerDataSource } from '../../src/database/ledger-data-source.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { createDatabase } from '../support/databases/postgres.js';

interface Place {
  readonly url: string;
  readonly drop: () => Promise<void>;
}

const PLACES: readonly (readonly [string, () => Promise<Place>])[] = [
  ['SQLite', async () => ({ url: 'sqlite::memory:', drop: async () => {} })],
  ['PostgreSQL', createDatabase],
];

describe.each(PLACES)('the schema on %s', (_name, make) => {
  let place: Place;
  let dataSource: DataSource;
  beforeEach(async () => {
    place = await make();
    dataSource = await new LedgerDataSource(place.url).initialize();
  });
  afterEach(async () => {
    await dataSource.destroy();
    await place.drop();
  });

  const pending = async (): Promise<string[]> => {
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    return upQueries.map(({ query }) => query);
  };

  it('is that of the entities once the migrations have run', async () => {
    expect(await pending()).not.toEqual([]);
    await dataSource.runMigrations();
    expect(await pending()).toEqual([]);
  });

  it('is taken back and made again', async () => {
    const ran = await dataSource.runMigrations();
    for (let left = ran.length; left > 0; left -= 1) await dataSource.undoLastMigration();
    const runner = dataSource.createQueryRunner();
    const tables = await runner.getTables(dataSource.entityMetadatas.map(({ tablePath }) => tablePath));
    await runner.release();
    expect(tables).toEqual([]);
    expect(await dataSource.runMigrations()).toHaveLength(ran.length);
    expect(await pending()).toEqual([]);
  });
});

describe('the migrations on PostgreSQL', () => {
  it('run once, however many processes start at once', async () => {
    const { url, drop } = await createDatabase();
    const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(url)));
    const heads = await Promise.all(stores.map((store) => store.ledger('default').write.open()));
    expect(new Set(heads.map(({ epoch }) => epoch)).size).toBe(1);
    await Promise.all(stores.map((store) => store.close()));
    await drop();
  });
});
