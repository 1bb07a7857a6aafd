import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import type { Answer } from '../support/clients/api.js';
import { createFile, type Database } from '../support/databases/databases.js';
import { startPostgres, type PostgresServer } from '../support/databases/postgres.server.js';
import { createDatabase } from '../support/databases/postgres.js';
import { ServerProcess } from '../support/server/process.js';

/** Whether it lives is told without asking the database, so before whether it is ready, to several who ask again and again. */
async function expectHealthAnswers(server: ServerProcess, reason: RegExp): Promise<void> {
  const first: string[] = [];
  for (let times = 0; times < 3; times += 1) {
    const answered: string[] = [];
    const ask = async (path: string): Promise<Answer> => server.api.get(path).finally(() => answered.push(path));
    const [live, ...ready] = await Promise.all(['/health/live', '/health/ready', '/health/ready', '/health'].map(ask));
    expect([live!.status, ...ready.map(({ status }) => status)]).toEqual([200, 503, 503, 503]);
    for (const { text } of ready) expect(text).toMatch(reason);
    first.push(answered[0]!);
  }
  expect(first).toContain('/health/live');
}

/** Asks until it is ready again. */
async function readyAgain(server: ServerProcess): Promise<void> {
  while ((await server.api.get('/health/ready')).status !== 200);
  expect((await server.api.post('/api/atome/create', { kind: 'note', data: {} })).status).toBe(201);
}

describe('the health of a server', () => {
  let database: Database;
  let server: ServerProcess;
  const start = async (create: () => Database | Promise<Database>): Promise<void> => {
    database = await create();
    server = await ServerProcess.start({ DATABASE_URL: database.url });
    expect((await server.api.get('/health/ready')).status).toBe(200);
  };
  afterEach(async () => {
    await server.kill('SIGTERM');
    await database.drop();
  });

  describe('whose PostgreSQL hangs', () => {
    const stopped: number[] = [];
    let postgres: PostgresServer;
    beforeAll(async () => {
      postgres = await startPostgres();
    });
    beforeEach(() => start(() => createDatabase(postgres)));
    afterEach(() => resume());
    afterAll(() => postgres.stop());

    /** Stops all of it, as a machine that hangs does. */
    async function stop(): Promise<void> {
      const client = new Client({ connectionString: database.url });
      await client.connect();
      const { rows } = await client.query<{ pid: number }>(
        'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      );
      await client.end();
      stopped.push(postgres.pid, ...rows.map(({ pid }) => pid));
      for (const pid of stopped) process.kill(pid, 'SIGSTOP');
    }

    function resume(): void {
      for (const pid of stopped.splice(0)) process.kill(pid, 'SIGCONT');
    }

    it('is told while the database does nothing, also while reads and writes wait for it', async () => {
      await stop();
      const waiting = Promise.allSettled([
        ...Array.from({ length: 20 }, () => server.api.get('/api/atome/list')),
        ...Array.from({ length: 20 }, () => server.api.post('/api/atome/create', { kind: 'note', data: {} })),
      ]);
      await expectHealthAnswers(server, /has not answered|did not answer|out of reach|too long/);
      resume();
      await waiting;
      await readyAgain(server);
    });
  });

  describe('whose SQLite file another process has locked', () => {
    let other: ChildProcess;
    beforeEach(() => start(createFile));
    afterEach(() => void other.kill('SIGKILL'));

    async function lock(): Promise<void> {
      const path = database.url.slice('sqlite:'.length);
      const program = `import Database from 'better-sqlite3';
        const db = new Database(${JSON.stringify(path)});
        db.exec('BEGIN EXCLUSIVE');
        console.log('locked');
        process.stdin.resume();`;
      other = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
      await once(createInterface({ input: other.stdout! }), 'line');
    }

    it('is told while the database does nothing, also while reads and writes wait for it', async () => {
      await lock();
      const waiting = Promise.allSettled([
        ...Array.from({ length: 20 }, () => server.api.get('/api/atome/list')),
        ...Array.from({ length: 20 }, () => server.api.post('/api/atome/create', { kind: 'note', data: {} })),
      ]);
      await expectHealthAnswers(server, /locked/);
      other.kill('SIGKILL');
      await waiting;
      await readyAgain(server);
    });
  });
});
