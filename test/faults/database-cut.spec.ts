import { randomInt } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startApp, type TestApp } from '../support/server/app.js';
import { audit } from '../support/databases/databases.js';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';
import { atomesOf, FollowingClient } from '../support/clients/following-client.js';
import { firstWrite, workload } from '../support/clients/workload.js';
import { RestWriter, Tally } from '../support/clients/writers.js';

const CUTS = 30;
/** Thirty times all connections are made anew; on a busy machine that takes its time, in milliseconds. */
const LIMIT = 180_000;

describe('a server whose connections to PostgreSQL are cut again and again', () => {
  let database: TestDatabase;
  let admin: pg.Client;
  let server: TestApp;
  beforeEach(async () => {
    database = await createDatabase();
    admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    server = await startApp({ DATABASE_URL: database.url, HEAD_POLL_MS: '50' });
  });
  afterEach(async () => {
    await server.close();
    await admin.end();
    await database.drop();
  });

  async function cut(): Promise<void> {
    await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`);
  }

  it(
    'asks its writers to try again, writes each of their writes once, and shows them all',
    async () => {
      const [tally, follower] = [new Tally(), new FollowingClient()];
      const writers = [1, 2, 3, 4].map((n) => new RestWriter(workload(`w${n}`), tally));
      await server.api.post('/api/sync/push', { operations: [firstWrite] });
      for (const client of [follower, ...writers]) client.connect(server);
      for (let n = 0; n < CUTS; n += 1) {
        await tally.more(randomInt(20));
        await cut();
      }
      await Promise.all(writers.map((writer) => writer.finish()));
      expect(writers.flatMap(({ refused }) => refused)).toEqual([]);
      const { alterations, result } = await audit(database.url);
      await follower.reached(alterations.length);
      const acknowledged = writers.flatMap((writer) => [...writer.acknowledged.keys()]);
      expect(alterations.map(({ opId }) => opId).sort()).toEqual([firstWrite.opId, ...acknowledged].sort());
      expect(result.fault).toBeUndefined();
      expect(follower.applied).toEqual(alterations);
      expect(follower.atomes).toEqual(await atomesOf(server));
      follower.disconnect();
    },
    LIMIT,
  );
});
