import dns from 'node:dns';
import { setTimeout as elapse } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { createClient, memoryStore, type Client } from '../../client/src/index.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { audit } from '../support/databases/databases.js';
import { AT_ONCE } from '../support/clients/offline.js';
import { startPostgres, type PostgresServer } from '../support/databases/postgres.server.js';
import { createOwnedDatabase } from '../support/databases/plain-role.js';

/** How long each outage lasts: short here, 60 by hand (`OUTAGE_SECONDS=60 npm run jest -- test/faults/outages`). */
const OUTAGE_SECONDS = Number(process.env.OUTAGE_SECONDS ?? 2);
const WRITES = 100;
const LIMIT = 240_000 + OUTAGE_SECONDS * 10_000;
/** The name under which the server knows its database, which only this file resolves. */
const HOST = 'database.test';

type Lookup = typeof dns.lookup;

/** Resolves {@link HOST}, as long as it may. */
class Names {
  private known = true;

  constructor() {
    const real = dns.lookup;
    const lookup = (name: string, options: dns.LookupOptions, answer: (...found: unknown[]) => void): void => {
      if (name !== HOST) return (real as (...given: unknown[]) => void)(name, options, answer);
      if (this.known) return (real as (...given: unknown[]) => void)('127.0.0.1', options, answer);
      answer(Object.assign(new Error(`getaddrinfo EAI_AGAIN ${HOST}`), { code: 'EAI_AGAIN', syscall: 'getaddrinfo' }));
    };
    jest.spyOn(dns, 'lookup').mockImplementation(lookup as unknown as Lookup);
  }

  forget(): void {
    this.known = false;
  }

  recall(): void {
    this.known = true;
  }
}

describe('a client of a server whose database fails', () => {
  let names: Names;
  let postgres: PostgresServer;
  let database: Awaited<ReturnType<typeof createOwnedDatabase>>;
  let admin: pg.Client;
  let role: string;
  let server: TestApp;
  let client: Client;
  let written: string[];
  let stopped: number[];
  beforeEach(async () => {
    names = new Names();
    postgres = await startPostgres();
    database = await createOwnedDatabase(postgres);
    admin = new pg.Client({ connectionString: database.adminUrl });
    await admin.connect();
    const url = new URL(database.url);
    role = url.username;
    url.hostname = HOST;
    server = await startApp({ DATABASE_URL: url.href, HEAD_POLL_MS: '50' });
    // tries again many times within the shortest outage
    client = createClient({ url: server.url, store: memoryStore(), reconnect: AT_ONCE, random: () => 0.02 });
    await client.ready();
    written = [];
    stopped = [];
  });
  afterEach(async () => {
    continueDatabase();
    await client.close();
    await server.close();
    await admin.end();
    jest.restoreAllMocks();
    await database.drop();
    await postgres.stop();
  });

  const nameOf = (): string => new URL(database.url).pathname.slice(1);

  /** Ends the server's sessions, as the end of a primary does. */
  async function cut(): Promise<void> {
    await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()`,
      [nameOf()],
    );
  }

  /** A session that was being made meanwhile is missed by one cut, so this cuts until the server notices, and once more. */
  async function cutForGood(): Promise<void> {
    do await cut();
    while ((await fetch(`${server.url}/health/ready`)).ok);
    await cut();
  }

  /** Each process of the database: what may make new ones is stopped before the others are counted. */
  async function stopDatabase(): Promise<void> {
    process.kill(postgres.pid, 'SIGSTOP');
    const { rows } = await admin.query<{ pid: number }>('SELECT pid FROM pg_stat_activity');
    stopped = [postgres.pid, ...rows.map(({ pid }) => pid)];
    for (const pid of stopped) process.kill(pid, 'SIGSTOP');
  }

  /** One that has ended meanwhile needs nothing. */
  function continueDatabase(): void {
    for (const pid of stopped.splice(0)) {
      try {
        process.kill(pid, 'SIGCONT');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }

  const OUTAGES: Record<string, { begin: () => Promise<unknown>; end: () => Promise<unknown> }> = {
    'read-only': {
      begin: async () => {
        await admin.query(`ALTER DATABASE ${nameOf()} SET default_transaction_read_only = on`);
        await cutForGood();
      },
      end: async () => {
        await admin.query('SET default_transaction_read_only = off');
        await admin.query(`ALTER DATABASE ${nameOf()} RESET default_transaction_read_only`);
        await cut();
      },
    },
    'unreachable by its name': {
      begin: async () => {
        names.forget();
        await cutForGood();
      },
      end: async () => names.recall(),
    },
    'out of connections': {
      begin: async () => {
        await admin.query(`ALTER ROLE ${role} CONNECTION LIMIT 0`);
        await cutForGood();
      },
      end: () => admin.query(`ALTER ROLE ${role} CONNECTION LIMIT -1`),
    },
    frozen: {
      begin: async () => {
        await admin.query('BEGIN');
        await admin.query('LOCK TABLE atome.ledgers, atome.alterations IN ACCESS EXCLUSIVE MODE');
      },
      end: () => admin.query('ROLLBACK'),
    },
    stopped: {
      begin: stopDatabase,
      end: async () => continueDatabase(),
    },
    full: {
      begin: async () => {
        await admin.query(`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN RAISE EXCEPTION ''could not extend file'' USING ERRCODE = ''disk_full''; END'`);
        await admin.query(
          'CREATE TRIGGER full_disk BEFORE INSERT ON atome.alterations FOR EACH ROW EXECUTE FUNCTION full_disk()',
        );
      },
      end: () => admin.query('DROP TRIGGER full_disk ON atome.alterations'),
    },
  };

  it(
    'keeps 100 pending writes through each way of failing in turn, and all arrive',
    async () => {
      for (const [kind, { begin, end }] of Object.entries(OUTAGES)) {
        await begin();
        for (let n = 0; n < WRITES; n += 1) {
          const { opId } = await client.create({ kind: 'note', data: { kind, n } });
          written.push(opId);
        }
        await elapse(OUTAGE_SECONDS * 1_000);
        expect([kind, client.status().pending, await client.rejected()]).toEqual([kind, WRITES, []]);
        await end();
        await client.flush();
        expect(await client.rejected()).toEqual([]);
      }
      const { alterations, result } = await audit(database.url);
      expect(result.fault).toBeUndefined();
      expect(alterations.map(({ opId }) => opId).sort()).toEqual(written.sort());
      expect(await client.list()).toHaveLength(written.length);
    },
    LIMIT,
  );
});
