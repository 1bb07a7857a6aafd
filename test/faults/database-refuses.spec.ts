import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startApp, type TestApp } from '../support/server/app.js';
import { audit } from '../support/databases/databases.js';
import { ENTRY_POINTS } from '../support/entry-points.js';
import { logLines, timesTold } from '../support/log-lines.js';
import { createOwnedDatabase } from '../support/databases/plain-role.js';
import { PatientClient } from '../support/clients/patient-client.js';

type Run = (sql: string) => Promise<unknown>;
type TestDatabase = Awaited<ReturnType<typeof createOwnedDatabase>>;

const database = (sql: string): string =>
  `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I ${sql}', current_database()); END $$`;
const TERMINATE = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'atome-sync'`;

/** Says something of the role of the server. */
const role = (sql: string): string =>
  `DO $$ BEGIN EXECUTE format('${sql}', (SELECT tableowner FROM pg_tables WHERE schemaname = 'atome' LIMIT 1)); END $$`;
/** Does it to the session of each write, before it writes. */
const beforeWrites = (what: string): string =>
  `CREATE FUNCTION atome.meddle() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
     'BEGIN PERFORM ${what}; PERFORM pg_sleep(60); RETURN NULL; END';
   CREATE TRIGGER meddle BEFORE INSERT ON atome.alterations FOR EACH STATEMENT EXECUTE FUNCTION atome.meddle()`;
const LET_WRITE = 'DROP FUNCTION atome.meddle CASCADE';

/** What is done to the database under a server, undone without a restart, and said in the log. */
const FAULTS: readonly {
  readonly name: string;
  readonly begin: (run: Run) => Promise<unknown>;
  readonly end: (run: Run) => Promise<unknown>;
  readonly logged: RegExp;
  readonly settings?: Record<string, string>;
}[] = [
  {
    name: 'only reads, as after a failover',
    begin: async (run) => {
      await run(database('SET default_transaction_read_only = on'));
      await run(TERMINATE);
    },
    end: async (run) => {
      await run('SET default_transaction_read_only = off');
      await run(database('SET default_transaction_read_only = off'));
    },
    logged: /25006.*DATABASE_URL must name the primary/,
  },
  {
    name: 'lets nobody have a lock',
    begin: (run) => run('BEGIN; SELECT 1 FROM atome.ledgers FOR UPDATE; LOCK TABLE atome.atomes IN SHARE MODE'),
    end: (run) => run('ROLLBACK'),
    logged: /55P03.*POSTGRES_LOCK_TIMEOUT_MS/,
  },
  {
    name: 'has lost a table, as in the middle of a restore',
    begin: (run) => run('ALTER TABLE atome.receipts RENAME TO receipts_away'),
    end: (run) => run('ALTER TABLE atome.receipts_away RENAME TO receipts'),
    logged: /42P01.*restored/,
  },
  {
    name: 'has taken a right back',
    begin: (run) => run(role('REVOKE INSERT ON atome.alterations FROM %I')),
    end: (run) => run(role('GRANT INSERT ON atome.alterations TO %I')),
    logged: /42501.*all rights/,
  },
  {
    name: 'lets the role in no more',
    begin: async (run) => {
      await run(role('ALTER ROLE %I NOLOGIN'));
      await run(TERMINATE);
    },
    end: (run) => run(role('ALTER ROLE %I LOGIN')),
    logged: /28000.*check user, password/,
  },
  {
    name: 'has each write cancelled by an operator',
    begin: (run) => run(beforeWrites('pg_cancel_backend(pg_backend_pid())')),
    end: (run) => run(LET_WRITE),
    logged: /57014.*POSTGRES_STATEMENT_TIMEOUT_MS/,
  },
  {
    name: 'has the session of each write ended by an operator',
    begin: (run) => run(beforeWrites('pg_terminate_backend(pg_backend_pid())')),
    end: (run) => run(LET_WRITE),
    logged: /57P01.*DATABASE_URL/,
  },
  {
    name: 'takes longer for a write than it may',
    begin: (run) => run(beforeWrites('1')),
    end: (run) => run(LET_WRITE),
    logged: /57014.*POSTGRES_STATEMENT_TIMEOUT_MS/,
    settings: { POSTGRES_STATEMENT_TIMEOUT_MS: '500' },
  },
];

describe.each(FAULTS)('a PostgreSQL that $name', ({ begin, end, logged, settings }) => {
  let test: TestDatabase;
  let admin: pg.Client;
  let server: TestApp;
  let offline: PatientClient;
  const run: Run = (sql) => admin.query(sql);

  beforeEach(async () => {
    test = await createOwnedDatabase();
    server = await startApp({ DATABASE_URL: test.url, POSTGRES_LOCK_TIMEOUT_MS: '100', ...settings });
    offline = await PatientClient.of(server);
    admin = new pg.Client({ connectionString: test.adminUrl, application_name: 'admin' });
    await admin.connect();
  });
  afterEach(async () => {
    await offline.close();
    await server.close();
    await admin.end();
    await test.drop();
  });

  it('is unavailable on every door, said once in the log and in ready, and taken up by itself', async () => {
    await server.api.create();
    const lines = logLines(server);
    await begin(run);
    for (const [door, create] of ENTRY_POINTS) {
      // a connection that was cut says so once
      await create(server, `cut-${door}`);
      const { error, retryAfter } = await create(server, door);
      expect([door, error]).toMatchObject([door, { code: 'unavailable', status: 503, retryable: true }]);
      if (retryAfter !== undefined) expect(retryAfter).toBe('1');
      expect(error!.message).not.toMatch(/25006|57014|42P01|cannot execute|relation|statement timeout/);
    }
    expect(await offline.writeInVain('offline')).toEqual({ pending: 1, rejected: 0 });
    const ready = await server.api.get('/health/ready');
    expect(ready.status).toBe(503);
    expect(ready.headers.get('retry-after')).toBe('1');
    expect(ready.text).not.toMatch(/cannot execute|relation|statement timeout/);
    expect((await server.api.get('/health/live')).status).toBe(200);
    expect(timesTold(lines, logged)).toBe('once an interval');
    expect(lines.join('\n')).not.toContain('    at ');

    await end(run);
    expect(await offline.arrived()).toBe(0);
    for (const [door, create] of ENTRY_POINTS)
      expect([door, await create(server, `${door}-after`)]).toEqual([door, {}]);
    expect((await server.api.get('/health/ready')).status).toBe(200);
    const { result } = await audit(test.url);
    expect(result).toMatchObject({ fault: undefined, alterations: 2 + ENTRY_POINTS.length });
  });
});
