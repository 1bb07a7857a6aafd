import { copyFileSync, rmSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/server/app.js';
import { createFile, type Database } from '../support/databases/databases.js';
import { atomesOf, FollowingClient } from '../support/clients/following-client.js';

describe('a server that comes back with an older copy of its SQLite file', () => {
  const COPIED = 5;
  const SEEN = 9;
  let database: Database;
  let path: string;
  let server: TestApp;
  let follower: FollowingClient;

  async function create(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) await server.api.create({ n });
  }

  beforeEach(async () => {
    database = createFile();
    path = database.url.slice('sqlite:'.length);
    server = await startApp({ DATABASE_URL: database.url });
    await create(COPIED);
    new BetterSqlite3(path).exec(`VACUUM INTO '${path}.copy'`).close();
    await create(SEEN - COPIED);
    follower = new FollowingClient();
    follower.connect(server);
    await follower.reached(SEEN);
    await server.close();
  });
  afterEach(async () => {
    follower.disconnect();
    await server.close();
    await database.drop();
  });

  /** Stops nothing and keeps nothing: what was in the file is gone. */
  function putBack(): void {
    for (const rest of ['', '-wal', '-shm']) rmSync(path + rest, { force: true });
    copyFileSync(`${path}.copy`, path);
  }

  it('tells a client that has seen more that it comes from the future', async () => {
    putBack();
    server = await startApp({ DATABASE_URL: database.url });
    follower.connect(server);
    expect(await follower.reset()).toMatchObject({ reason: 'future', epoch: follower.cursor.epoch, head: COPIED });
  });

  it('tells it by the hash that the ledger has forked, once that has been written past its cursor', async () => {
    putBack();
    server = await startApp({ DATABASE_URL: database.url });
    await create(SEEN - COPIED + 1);
    follower.connect(server);
    expect(await follower.reset()).toMatchObject({ reason: 'forked', head: SEEN + 1 });
  });

  it('tells it that the ledger is another one', async () => {
    server = await startApp();
    follower.connect(server);
    const reset = await follower.reset();
    expect(reset).toMatchObject({ reason: 'epoch', head: 0 });
    expect(reset.epoch).not.toBe(follower.cursor.epoch);
  });

  it('answers the same over REST', async () => {
    putBack();
    server = await startApp({ DATABASE_URL: database.url });
    const { epoch, since, hash } = follower.cursor;
    const ask = `/api/sync/changes?epoch=${epoch}&since=${since}&hash=${hash}`;
    expect(await server.api.get(ask)).toMatchObject({ status: 409, body: { code: 'reset', reason: 'future' } });
    await create(SEEN - COPIED);
    expect(await server.api.get(ask)).toMatchObject({ status: 409, body: { code: 'reset', reason: 'forked' } });
  });

  it('lets the client start over', async () => {
    putBack();
    server = await startApp({ DATABASE_URL: database.url });
    const afresh = new FollowingClient();
    afresh.connect(server);
    await create(1);
    await afresh.reached(COPIED + 1);
    expect(afresh.atomes).toEqual(await atomesOf(server));
    afresh.disconnect();
  });
});
