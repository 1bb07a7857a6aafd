import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { freePort } from '../server/free-port.js';

const PROGRAM = process.env.NATS_SERVER_PATH ?? 'nats-server';

/** Whether there is one to run; `NATS_SERVER_PATH` says where, when it is not in the path. */
export const hasNatsServer = spawnSync(PROGRAM, ['--version']).status === 0;

/** A real NATS server of a spec's own, on this machine alone. */
export class NatsServer {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly port: number,
    private readonly args: readonly string[],
  ) {}

  static async start(...args: readonly string[]): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), args);
    await server.run();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  async run(): Promise<void> {
    const args = ['--addr', '127.0.0.1', '--port', String(this.port), ...this.args];
    this.child = spawn(PROGRAM, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    for await (const line of createInterface({ input: this.child.stderr! })) {
      if (line.includes('Server is ready')) break;
    }
    this.child.stderr!.resume();
  }

  /** Has it stand still (SIGSTOP), or go on (SIGCONT). */
  signal(signal: NodeJS.Signals): void {
    this.child!.kill(signal);
  }

  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}
