import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Scrubber } from '../../src/ledger/integrity/scrubber.js';
import { createFile, type Database } from '../support/databases/databases.js';
import { startComplianceServer, type ComplianceServer } from '../support/server/compliance-server.js';
import { createDatabase } from '../support/databases/postgres.js';
import { queryOf } from '../support/ledger/raw-query.js';

const CANARY = 'canary-2718';

describe('the bytes of what was erased', () => {
  let database: Database;
  let server: ComplianceServer;
  afterEach(async () => {
    await server.close();
    await database.drop();
  });

  /** Writes and erases so much, between so much else, that pages split, fill and empty. */
  const writeAndErase = async (): Promise<void> => {
    const alice = server.as('alice');
    for (let round = 0; round < 12; round += 1) {
      const operations = Array.from({ length: 120 }, (_, n) => {
        const text = (n % 3 === 0 ? CANARY : 'nothing').repeat(1 + ((n * 37 + round * 11) % 90));
        const write = { opId: `op-${round}-${n}`, atomeId: `a${n}`, reason: text };
        if (round === 0) return { ...write, operation: 'create', kind: 'note', data: { text } };
        return { ...write, operation: 'update', changes: { text } };
      });
      await alice.post('/api/sync/push', { operations });
    }
    const erased = Array.from({ length: 40 }, (_, n) => alice.post(`/api/atome/a${n * 3}/erase`));
    expect((await Promise.all(erased)).map(({ status }) => status)).toEqual(erased.map(() => 200));
  };

  describe('on SQLite', () => {
    beforeEach(async () => {
      database = createFile();
      server = await startComplianceServer(database);
    });

    it('are gone from the file and from the write-ahead log', async () => {
      await writeAndErase();
      await server.app.get(Scrubber, { strict: false }).done();
      const folder = dirname(database.url.slice('sqlite:'.length));
      const found = readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(CANARY));
      expect(found).toEqual([]);
      expect(await server.fault()).toBeUndefined();
    });
  });

  describe('on PostgreSQL', () => {
    beforeEach(async () => {
      database = await createDatabase();
      server = await startComplianceServer(database);
    });

    it('are gone from the tables when these are rewritten', async () => {
      await writeAndErase();
      await server.app.get(Scrubber, { strict: false }).done();
      const query = queryOf(server.store);
      await server.store.scrub(true);
      await query('CHECKPOINT');
      const files = (await query(
        `SELECT pg_relation_filepath(c.oid) AS path, current_setting('data_directory') AS folder FROM pg_class AS c
          WHERE c.relkind IN ('r', 't', 'i') AND c.relfilenode <> 0`,
      )) as { path: string; folder: string }[];
      // a server of somebody else's may keep its files elsewhere
      if (process.env.TEST_POSTGRES_URL) return;
      const folder = join(files[0]!.folder, dirname(files[0]!.path));
      const found = readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(CANARY));
      expect(found).toEqual([]);
      expect(await server.fault()).toBeUndefined();
    });
  });
});
