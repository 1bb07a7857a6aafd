import { execFileSync } from 'node:child_process';
import { renameSync, statSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { audit, createFile, type Database } from '../support/databases/databases.js';
import { PatientClient } from '../support/clients/patient-client.js';
import { TestSocket } from '../support/clients/socket.js';
import { NETWORK_ENTRY_POINTS } from '../support/entry-points.js';
import { timesTold } from '../support/log-lines.js';
import { ServerProcess } from '../support/server/process.js';

interface Refusing {
  readonly name: string;
  /** Returns what undoes it. */
  readonly begin: (path: string, pid: number) => () => unknown;
  readonly logged: RegExp;
}

/** How large a file may become that a process writes. */
function limitFiles(pid: number, bytes: string): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
}

function hasPrlimit(): boolean {
  try {
    execFileSync('prlimit', ['--version']);
    return true;
  } catch {
    return false;
  }
}

const REFUSING: readonly Refusing[] = [
  ...(hasPrlimit()
    ? [
        {
          name: 'on a disk that fails to write',
          begin: (path: string, pid: number) => {
            limitFiles(pid, String(statSync(`${path}-wal`).size));
            return () => limitFiles(pid, 'unlimited');
          },
          logged: /SQLITE_IOERR_WRITE.*is the disk of DATABASE_URL there and sound/,
        },
      ]
    : []),
  {
    name: 'that another process has locked',
    begin: (path) => {
      const other = new BetterSqlite3(path);
      other.exec('BEGIN IMMEDIATE');
      return () => other.close();
    },
    logged: /SQLITE_BUSY.*what else has the file/,
  },
  {
    name: 'that was taken away',
    begin: (path) => {
      renameSync(path, `${path}.away`);
      return () => renameSync(`${path}.away`, path);
    },
    logged: /removed or renamed.*DATABASE_URL/,
  },
];

describe.each(REFUSING)('a SQLite file $name', ({ begin, logged }) => {
  let database: Database;
  let server: ServerProcess;
  let offline: PatientClient;
  const sockets: TestSocket[] = [];

  beforeEach(async () => {
    database = createFile();
    server = await ServerProcess.start({ DATABASE_URL: database.url });
    offline = await PatientClient.of(server);
  });
  afterEach(async () => {
    await Promise.all(sockets.splice(0).map((socket) => socket.close()));
    await offline.close();
    await server.kill('SIGTERM');
    await database.drop();
  });

  async function connect(): Promise<TestSocket> {
    const socket = await TestSocket.connect(server.wsUrl);
    sockets.push(socket);
    return socket;
  }

  it('is unavailable on every door, said once in the log and in ready, and taken up by itself', async () => {
    const { api } = server;
    await api.create();
    const end = begin(database.url.slice('sqlite:'.length), server.child.pid!);
    for (const [door, create] of NETWORK_ENTRY_POINTS) {
      const { error, retryAfter } = await create({ api, connect }, door);
      expect([door, error]).toMatchObject([door, { code: 'unavailable', status: 503, retryable: true }]);
      if (retryAfter !== undefined) expect(retryAfter).toBe('1');
      expect(error!.message).not.toMatch(/SQLITE|sqlite/);
    }
    expect(await offline.writeInVain('offline')).toEqual({ pending: 1, rejected: 0 });
    expect((await api.get('/health/ready')).status).toBe(503);
    expect((await api.get('/health/live')).status).toBe(200);
    expect((await api.get('/api/atome/list')).status).toBe(200);

    end();
    expect(await offline.arrived()).toBe(0);
    for (const [door, create] of NETWORK_ENTRY_POINTS)
      expect([door, await create({ api, connect }, `${door}-after`)]).toEqual([door, {}]);
    expect((await api.get('/health/ready')).status).toBe(200);
    expect(await server.kill('SIGTERM')).toBe(0);
    const lines = server.output.join('').split('\n');
    expect(timesTold(lines, logged)).toBe('once an interval');
    expect(lines.join('\n')).not.toContain('    at ');
    const { result } = await audit(database.url);
    expect(result).toMatchObject({ fault: undefined, alterations: 2 + NETWORK_ENTRY_POINTS.length });
  });
});
