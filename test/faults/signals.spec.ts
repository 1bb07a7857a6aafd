import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';
import { ServerProcess } from '../support/server/process.js';
import { WS_PATH } from '../../src/protocol/index.js';
import { TestSocket } from '../support/clients/socket.js';
import { RawSocket } from '../support/clients/raw-socket.js';

/** The lock under which a server migrates its database. */
const MIGRATION_LOCK = 2_053_101_477;
const IN_MEMORY = { DATABASE_URL: 'sqlite::memory:' };

const SIGNALS = [
  ['SIGTERM', 'SIGTERM', 143],
  ['SIGINT', 'SIGINT', 130],
  ['SIGTERM', 'SIGINT', 130],
] as const;

/** Runs what follows as the first process of its own. */
const FIRST = ['unshare', '--pid', '--fork', '--kill-child'];

/** Whether this user may have such processes. */
function canBeFirst(): boolean {
  return spawnSync(FIRST[0]!, [...FIRST.slice(1), 'true']).status === 0;
}

function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
}

describe('a signal', () => {
  let server: ServerProcess;
  let database: TestDatabase | undefined;
  afterEach(async () => {
    await server.kill('SIGKILL');
    await database?.drop();
    database = undefined;
  });

  /** A write whose answer is never taken holds the drain. */
  async function holdDrain(): Promise<RawSocket> {
    const { id } = await server.api.create({ text: 'x'.repeat(300_000) });
    const raw = await RawSocket.open(server.url);
    raw.socket.pause();
    const body = '{"operation":"update","changes":{"a":1}}';
    const head = `POST /api/atome/${String(id)}/alter HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json`;
    for (let n = 0; n < 40; n += 1) {
      raw.send(`${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    }
    // answers come in order, and those behind the first that is not taken wait
    await server.api.get('/health');
    return raw;
  }

  it.each(SIGNALS)('%s during the drain of a %s ends it, with %i', async (first, second, code) => {
    server = await ServerProcess.start(IN_MEMORY);
    const raw = await holdDrain();
    server.child.kill(first);
    await server.says('finishing what was accepted');
    expect(await server.kill(second)).toBe(code);
    raw.socket.destroy();
  });

  it.each(['SIGHUP', 'SIGQUIT', 'SIGTERM', 'SIGINT'] as const)(
    '%s ends it in order: what was accepted is answered',
    async (signal) => {
      server = await ServerProcess.start(IN_MEMORY);
      const socket = await TestSocket.connect(server.url.replace('http', 'ws') + WS_PATH);
      await socket.next('welcome');
      const stopped = server.kill(signal);
      await socket.next('goaway');
      expect(await stopped).toBe(0);
      expect(server.output.join('')).toContain(`${signal}: finishing`);
    },
  );

  it('that comes twice at once, as npm passes on what the terminal has sent already, is one', async () => {
    server = await ServerProcess.start(IN_MEMORY);
    server.child.kill('SIGINT');
    expect(await server.kill('SIGINT')).toBe(0);
    expect(server.output.join('').match(/finishing/g)).toHaveLength(1);
  });

  it('that comes while the server is being read ends it: it is not lost on the way to who decides', async () => {
    const early = `process.on('newListener', (name) => name === 'SIGTERM' && queueMicrotask(() => process.kill(process.pid, name)))`;
    const { code, output } = await ServerProcess.fail({
      ...IN_MEMORY,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(early)}`,
    });
    expect({ code, output }).toEqual({ code: 143, output: '' });
  });

  it.each([
    ['SIGTERM', 143, 'a process', []],
    ['SIGINT', 130, 'a process', []],
    ...(canBeFirst() ? [['SIGTERM', 143, 'the first process of a container', FIRST] as const] : []),
  ] as const)('%s ends a start that waits for the database with %i, as %s', async (signal, code, _, by) => {
    database = await createDatabase();
    const holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    await holder.query(`SELECT pg_advisory_lock(${MIGRATION_LOCK})`);
    const waiting = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    const begun = async (): Promise<void> => {
      while ((await holder.query(waiting)).rowCount === 0);
    };
    server = await ServerProcess.starting({ DATABASE_URL: database.url }, begun, { by });
    const { child } = server;
    const ended = once(child, 'exit');
    // nothing that is not listened to reaches the first process
    process.kill(by.length === 0 ? child.pid! : childOf(child.pid!), signal);
    expect(await ended).toEqual([code, null]);
    await holder.end();
  });
});
