import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/**
 * A NATS server, which ends with this process: the installed one, or that of NATS_SERVER_PATH.
 * @returns {Promise<{ url: string, signal: (signal: NodeJS.Signals) => void, stop: () => Promise<void> }>}
 */
export async function startNats() {
  const program = process.env.NATS_SERVER_PATH ?? 'nats-server';
  const child = spawn(program, ['--addr', '127.0.0.1', '--port', '-1'], { stdio: ['ignore', 'ignore', 'pipe'] });
  await once(child, 'spawn');
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  let url = '';
  for await (const line of createInterface({ input: child.stderr })) {
    const address = /client connections on (\S+)/.exec(line)?.[1];
    if (address !== undefined) url = `nats://${address}`;
    if (line.includes('Server is ready')) break;
  }
  child.stderr.resume();
  return {
    url,
    signal: (signal) => void child.kill(signal),
    stop: async () => {
      process.off('exit', kill);
      kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
