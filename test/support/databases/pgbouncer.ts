import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../server/free-port.js';

/** Whether PgBouncer is installed. */
export const hasPgbouncer = spawnSync('pgbouncer', ['--version']).status === 0;

/** A PgBouncer before a database. */
export interface Pooler {
  readonly url: string;
  stop(): Promise<void>;
}

export type PoolMode = 'session' | 'transaction' | 'statement';

export async function startPgbouncer(databaseUrl: string, mode: PoolMode): Promise<Pooler> {
  const folder = mkdtempSync(join(tmpdir(), 'atome-pgbouncer-'));
  chmodSync(folder, 0o755);
  const to = new URL(databaseUrl);
  const port = await freePort();
  writeFileSync(join(folder, 'users'), `"${to.username}" "${decodeURIComponent(to.password)}"\n`);
  const settings = [
    '[databases]',
    `* = host=${to.hostname} port=${to.port || 5432}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = plain',
    `auth_file = ${join(folder, 'users')}`,
    `pool_mode = ${mode}`,
    'default_pool_size = 40',
    'max_client_conn = 200',
  ];
  writeFileSync(join(folder, 'pgbouncer.ini'), `${settings.join('\n')}\n`);
  // it does not run as root
  const as = userInfo().uid === 0 ? ['-u', 'nobody'] : [];
  const child = spawn('pgbouncer', ['-q', ...as, join(folder, 'pgbouncer.ini')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr.resume();
  const url = new URL(databaseUrl);
  [url.hostname, url.port] = ['127.0.0.1', String(port)];
  while (!(await answers(port))) if (child.exitCode !== null) throw new Error('PgBouncer did not start');
  return {
    url: url.href,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
