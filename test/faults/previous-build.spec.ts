import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { audit } from '../support/databases/databases.js';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';
import { NO_FAULTS, orderFaults, upTo } from '../support/feed/order.js';
import { runProgram, ServerProcess } from '../support/server/process.js';
import { FollowingClient } from '../support/clients/following-client.js';
import { firstWrite, workload } from '../support/clients/workload.js';
import { RestWriter, SocketWriter, Tally } from '../support/clients/writers.js';

/**
 * The folder of the package of the release before, as it is installed, or a clone of it that is built. Without, it is not
 * tried: `newer-tables.spec.ts` has this build beside what a later one may do.
 */
const BUILD = process.env.PREVIOUS_BUILD ?? '';
const ENVIRONMENT = { MESSAGES_PER_SECOND: '100000', MIGRATE: 'off' };

(BUILD === '' ? describe.skip : describe)('the release before (PREVIOUS_BUILD), on the tables of this one', () => {
  let database: TestDatabase;
  const servers: ServerProcess[] = [];
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.kill('SIGKILL')));
    await database.drop();
  });

  async function start(environment: Record<string, string>, main?: string): Promise<ServerProcess> {
    const as = main === undefined ? {} : { main };
    const server = await ServerProcess.start({ DATABASE_URL: database.url, ...environment }, as);
    servers.push(server);
    return server;
  }

  it('goes on while they are made, and beside this one, as does another of it that starts', async () => {
    const main = join(BUILD, 'dist', 'main.js');
    const before = await start({ ...ENVIRONMENT, MIGRATE: 'on' }, main);
    await before.api.post('/api/sync/push', { operations: [firstWrite] });
    const tally = new Tally();
    const atBefore = [new SocketWriter(workload('socket'), tally), new RestWriter(workload('rest'), tally)];
    const atNow = [new SocketWriter(workload('socket2'), tally), new RestWriter(workload('rest2'), tally)];
    const failures: string[] = [];
    const followers = [new FollowingClient(), new FollowingClient()];
    for (const writer of [...atBefore, ...atNow]) writer.failed = (why) => failures.push(why);
    for (const client of [...atBefore, followers[0]!]) client.connect(before);
    await tally.more(100);
    const { code } = await runProgram('cli/atome-sync', ['migrate'], { DATABASE_URL: database.url });
    expect(code).toBe(0);
    await tally.more(100);
    const now = await start(ENVIRONMENT);
    for (const client of [...atNow, followers[1]!]) client.connect(now);
    const another = await start(ENVIRONMENT, main);
    await tally.more(200);
    expect((await another.api.get('/api/atome/list?search=n&sortBy=id')).status).toBe(200);
    expect((await another.api.get('/api/atome/shared/history')).status).toBe(200);
    await Promise.all([...atBefore, ...atNow].map((writer) => writer.finish()));
    const { alterations, result } = await audit(database.url);
    expect(result.fault).toBeUndefined();
    expect(failures).toEqual([]);
    expect([...atBefore, ...atNow].flatMap(({ refused }) => refused)).toEqual([]);
    for (const follower of followers) {
      await follower.reached(alterations.length);
      const seen = follower.applied.map(({ seq }) => seq);
      expect(orderFaults(seen, upTo(alterations.length))).toEqual(NO_FAULTS);
      follower.disconnect();
    }
    for (const writer of [...atBefore, ...atNow]) writer.disconnect();
  });
});
