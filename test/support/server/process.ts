import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { WS_PATH } from '../../../src/protocol/index.js';
import { Api } from '../clients/api.js';

/** Where the programs are, and run: a `.env` that a developer has in the working directory of the tests is not for them. */
const FOLDER = fileURLToPath(new URL('../../../dist/', import.meta.url));
const program = (name: string): string => join(FOLDER, `${name}.js`);
const MAIN = program('main');

/** One of the built programs, in a process of its own. */
export function spawnProgram(
  name: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): ChildProcessWithoutNullStreams {
  const env = { PATH: process.env.PATH, ...environment };
  return spawn(process.execPath, [program(name), ...args], { cwd: FOLDER, env, stdio: 'pipe' });
}

/** One of the built programs, run to its end. @param input of its standard input. */
export async function runProgram(
  name: string,
  args: readonly string[],
  environment: Record<string, string> = {},
  input = '',
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawnProgram(name, args, environment);
  // one that does not read it may have ended before
  child.stdin.on('error', () => undefined).end(input);
  const ended = once(child, 'close') as Promise<[number | null]>;
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: (await ended)[0], stdout, stderr };
}

/** The server as users run it: the built program in a process of its own. */
export class ServerProcess {
  private constructor(
    readonly child: ChildProcess,
    readonly url: string,
    /** What it has written to standard output and error. */
    readonly output: string[],
  ) {}

  get wsUrl(): string {
    return this.url.replace('http', 'ws') + WS_PATH;
  }

  get api(): Api {
    return new Api(this.url);
  }

  /** Starts it, and resolves when it says that it listens. */
  static async start(environment: Record<string, string> = {}, as: As = {}): Promise<ServerProcess> {
    const { child, output } = run(environment, as);
    const lines = createInterface({ input: child.stdout! });
    for await (const line of lines) {
      output.push(line);
      const url = /listening: (\S+)/.exec(line)?.[1];
      if (url === undefined) continue;
      child.stdout!.on('data', (chunk: Buffer) => output.push(chunk.toString())).resume();
      return new ServerProcess(child, url, output);
    }
    throw new Error(`the server did not start:\n${output.join('\n')}`);
  }

  /** Starts it and waits for its end: for starts that must be refused. @param as its user, folder and command. */
  static async fail(
    environment: Record<string, string>,
    as: As = {},
  ): Promise<{ code: number | null; output: string }> {
    const { child, output } = run(environment, as);
    child.stdout!.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output: output.join('') };
  }

  /** Starts it, and resolves when `begun` does, whether or not it listens. */
  static async starting(
    environment: Record<string, string>,
    begun: () => Promise<unknown>,
    as: As = {},
  ): Promise<ServerProcess> {
    const { child, output } = run(environment, as);
    child.stdout!.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    await begun();
    return new ServerProcess(child, '', output);
  }

  /** What the system says of it, on Linux: whether it runs, what it waits for, and how much memory it has. */
  stateLines(): string[] {
    const read = (name: string): string => {
      try {
        return readFileSync(`/proc/${this.child.pid}/${name}`, 'latin1');
      } catch (error) {
        return (error as Error).message;
      }
    };
    const status = read('status').split('\n');
    return [...status.filter((line) => /^(State|VmRSS|VmSwap|Threads)/.test(line)), read('wchan'), read('schedstat')];
  }

  /** Resolves when it has written a text to standard output. */
  async says(text: string): Promise<void> {
    while (!this.output.join('').includes(text)) await once(this.child.stdout!, 'data');
  }

  /** Resolves with the first group of a pattern when it has written that to standard error. */
  async warns(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.output.join(''))?.[1];
      if (found !== undefined) return found;
      // what it writes to standard output has a pipe of its own, which may be ahead
      await once(this.child.stderr!, 'data');
    }
  }

  /** Ends it and resolves with its exit code; null when the signal ended it. */
  async kill(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const exit = once(this.child, 'exit') as Promise<[number | null]>;
    this.child.kill(signal);
    return (await exit)[0];
  }
}

/** How a server is run. */
export interface As {
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd?: string;
  /** The program of another build. */
  readonly main?: string;
  /** What runs it, such as `prlimit --nofile=20`. */
  readonly by?: readonly string[];
}

function run(
  environment: Record<string, string>,
  { by = [], main = MAIN, ...as }: As = {},
): { child: ChildProcess; output: string[] } {
  const output: string[] = [];
  const command = [...by, process.execPath, main];
  const child = spawn(command[0]!, command.slice(1), {
    cwd: FOLDER,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', LOG_LEVEL: 'warn', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...as,
  });
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  return { child, output };
}
