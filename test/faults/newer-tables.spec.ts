import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { LedgerDataSource } from '../../src/database/ledger-data-source.js';
import { audit } from '../support/databases/databases.js';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';
import { NO_FAULTS, orderFaults, upTo } from '../support/feed/order.js';
import { ServerProcess } from '../support/server/process.js';
import { FollowingClient } from '../support/clients/following-client.js';
import { firstWrite, workload } from '../support/clients/workload.js';
import { RestWriter, SocketWriter, Tally } from '../support/clients/writers.js';

/** What a migration of the next version may do beside servers of this one: it only adds. */
class Expand1999000000000 implements MigrationInterface {
  readonly name: string = 'Expand1999000000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of ['alterations', 'atomes', 'ledgers', 'receipts']) {
      await runner.query(`ALTER TABLE atome.${table} ADD COLUMN "next" text NOT NULL DEFAULT 'next'`);
    }
    await runner.query('CREATE INDEX "next_atomes" ON atome.atomes ("tenant", "next")');
    await runner.query('CREATE TABLE atome.next (id integer PRIMARY KEY)');
  }

  async down(): Promise<void> {
    // nobody goes back
  }
}

/** One of the version after that: it takes away what nobody needs who knows another migration. */
function contract(since: string): MigrationInterface {
  return { name: `ContractSince${since}At1999000000001`, up: async () => undefined, down: async () => undefined };
}

describe('tables of the next version', () => {
  let database: TestDatabase;
  let servers: ServerProcess[];
  let next: LedgerDataSource | undefined;
  beforeEach(async () => {
    database = await createDatabase();
    servers = [await start()];
    next = undefined;
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.kill('SIGKILL')));
    if (next?.isInitialized) await next.destroy();
    await database.drop();
  });

  function start(): Promise<ServerProcess> {
    return ServerProcess.start({ DATABASE_URL: database.url, MESSAGES_PER_SECOND: '100000' });
  }

  /** Runs migrations as a server of a later version does at its start. */
  async function migrate(onWaiting: (why: string) => void, ...more: MigrationInterface[]): Promise<string[]> {
    next = await new LedgerDataSource(database.url).initialize();
    next.migrations.push(...more);
    const ran = await next.runMigrations(undefined, onWaiting);
    await next.destroy();
    return ran.map(({ name }) => name);
  }

  it('are made beside a server that goes on, and works on them as before, as does another that starts', async () => {
    const [first] = servers;
    const tally = new Tally();
    const writers = [new SocketWriter(workload('socket'), tally), new RestWriter(workload('rest'), tally)];
    const failures: string[] = [];
    const follower = new FollowingClient();
    await first!.api.post('/api/sync/push', { operations: [firstWrite] });
    for (const writer of writers) {
      writer.failed = (why) => failures.push(why);
      writer.connect(first!);
    }
    follower.connect(first!);
    await tally.more(100);
    expect(await migrate(() => undefined, new Expand1999000000000())).toEqual(['Expand1999000000000']);
    await tally.more(100);
    servers.push(await start());
    const second = servers[1]!;
    expect(second.output.join('')).toContain('later version (Expand1999000000000 has run): update this server');
    for (const client of [...writers, follower]) client.connect(second);
    await tally.more(100);
    await Promise.all(writers.map((writer) => writer.finish()));
    expect((await second.api.get('/api/atome/list?search=n&sortBy=id')).status).toBe(200);
    expect((await second.api.get('/api/atome/shared/history')).status).toBe(200);
    const { alterations, result } = await audit(database.url);
    await follower.reached(alterations.length);
    expect(failures.filter((why) => !why.startsWith('TypeError'))).toEqual([]);
    expect(writers.flatMap(({ refused }) => refused)).toEqual([]);
    expect(result.fault).toBeUndefined();
    expect(new Set(alterations.map(({ opId }) => opId)).size).toBe(alterations.length);
    const seen = follower.applied.map(({ seq }) => seq);
    expect(orderFaults(seen, upTo(alterations.length))).toEqual(NO_FAULTS);
  });

  it('whose making is broken off say by what', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('BEGIN; LOCK TABLE atome.alterations');
    const migrating = migrate(() => undefined, new Expand1999000000000());
    const ended = expect(migrating).rejects.toThrow('terminating connection due to administrator command');
    const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'ALTER TABLE%'`;
    while ((await client.query(end)).rows.length === 0) await client.query('SELECT pg_stat_clear_snapshot()');
    await ended;
    await client.query('ROLLBACK');
    await client.end();
  });

  it('keep a server out that does not know what took the place of what they lack, and no other', async () => {
    const known = await new LedgerDataSource(database.url).initialize();
    const latest = known.migrations.at(-1)!.name!.slice(-13);
    await known.destroy();
    await migrate(() => undefined, contract(latest));
    servers.push(await start());
    await migrate(() => undefined, { ...contract('1999000000000'), name: 'ContractSince1999000000000At1999000000002' });
    const { code, output } = await ServerProcess.fail({ DATABASE_URL: database.url });
    expect(code).toBe(1);
    expect(output).toContain(
      'its tables are those of a later version, and lack what this one needs (ContractSince1999000000000At1999000000002 has run): update this server (DATABASE_URL)',
    );
  });

  it('wait for who uses the tables, and let all others go on meanwhile', async () => {
    const [first] = servers;
    await first!.api.create({}, { id: 'a1' });
    const dump = new pg.Client({ connectionString: database.url });
    await dump.connect();
    await dump.query('BEGIN; SELECT count(*) FROM atome.alterations');
    const told: string[] = [];
    let waits = (): void => undefined;
    const waiting = new Promise<void>((resolve) => (waits = resolve));
    const migrated = migrate((why) => {
      told.push(why);
      waits();
    }, new Expand1999000000000());
    await waiting;
    for (let n = 0; n < 3; n += 1) await first!.api.create({ n });
    expect((await first!.api.get('/api/atome/a1/history')).status).toBe(200);
    await dump.query('ROLLBACK');
    expect(await migrated).toEqual(['Expand1999000000000']);
    await dump.end();
    expect(told[0]).toContain('a transaction of others uses them: this is tried again until it has ended');
  });
});
