import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { audit } from '../support/databases/databases.js';
import { hasPgbouncer, startPgbouncer, type PoolMode, type Pooler } from '../support/databases/pgbouncer.js';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';
import { runProgram, ServerProcess } from '../support/server/process.js';
import { RestWriter, SocketWriter, Tally } from '../support/clients/writers.js';
import { firstWrite, workload } from '../support/clients/workload.js';

const REFUSAL =
  'a pooler before PostgreSQL shares its sessions among connections: set pool_mode=session for this database in PgBouncer, or lead DATABASE_URL past it';

if (!hasPgbouncer) process.stderr.write('  skipped: PgBouncer is not installed\n');

(hasPgbouncer ? describe : describe.skip)('behind PgBouncer', () => {
  let database: TestDatabase;
  let pooler: Pooler;
  let servers: ServerProcess[];
  beforeEach(async () => {
    database = await createDatabase();
    servers = [];
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.kill('SIGKILL')));
    await pooler.stop();
    await database.drop();
  });

  it.each<PoolMode>(['transaction', 'statement'])('in %s mode the start is refused, with what to set', async (mode) => {
    pooler = await startPgbouncer(database.url, mode);
    const environment = { DATABASE_URL: pooler.url };
    const { code, output } = await ServerProcess.fail(environment);
    expect([code, output.trim().split('\n')]).toEqual([1, [expect.stringContaining(REFUSAL)]]);
    expect(await runProgram('cli/atome-sync', ['migrate'], environment)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(REFUSAL) as unknown,
    });
  });

  it('in transaction mode that others keep busy it is refused, too', async () => {
    pooler = await startPgbouncer(database.url, 'transaction');
    const { default: pg } = await import('pg');
    const others = new pg.Pool({ connectionString: pooler.url, max: 8 });
    let isOver = false;
    const busy = Array.from({ length: 8 }, async () => {
      while (!isOver) await others.query('SELECT pg_sleep(0.001)');
    });
    const { code, output } = await ServerProcess.fail({ DATABASE_URL: pooler.url });
    isOver = true;
    await Promise.all(busy);
    await others.end();
    expect([code, output]).toEqual([1, expect.stringContaining(REFUSAL)]);
  });

  it('in session mode two servers serve several tenants as without it', async () => {
    pooler = await startPgbouncer(database.url, 'session');
    const environment = { DATABASE_URL: pooler.url, MESSAGES_PER_SECOND: '100000' };
    servers = [await ServerProcess.start(environment), await ServerProcess.start(environment)];
    await servers[0]!.api.post('/api/sync/push', { operations: [firstWrite] });
    const tally = new Tally();
    const writers = [new SocketWriter(workload('socket', 100), tally), new RestWriter(workload('rest', 100), tally)];
    const failures: string[] = [];
    writers.forEach((writer, n) => {
      writer.failed = (why) => failures.push(why);
      writer.connect(servers[n]!);
    });
    await Promise.all(writers.map((writer) => writer.finished()));
    writers.forEach((writer) => writer.disconnect());
    expect(failures).toEqual([]);
    expect((await audit(database.url)).result).toMatchObject({ alterations: 201, fault: undefined });
  });
});
