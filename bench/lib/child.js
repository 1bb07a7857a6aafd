import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pinned } from './cores.js';
import { resetPeak, usageOf } from './usage.js';

/* The processes of a measurement: servers, which say where they listen, and load generators, which are called. */

/** Everything that still runs, so that an interrupted bench leaves nothing behind. */
const running = new Set(/** @type {import('node:child_process').ChildProcess[]} */ ([]));
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => process.exit(130));

/** A program that ends with this one. */
class Program {
  /** @param {import('node:child_process').ChildProcess} child */
  constructor(child) {
    this.child = child;
    this.ended = once(child, 'exit').then(() => running.delete(child));
    running.add(child);
  }

  get pid() {
    return /** @type {number} */ (this.child.pid);
  }

  get hasEnded() {
    return !running.has(this.child);
  }

  usage() {
    return usageOf(this.pid);
  }

  resetPeak() {
    resetPeak(this.pid);
  }

  /** @param {NodeJS.Signals} [signal] */
  async stop(signal = 'SIGTERM') {
    if (!running.has(this.child)) return;
    this.child.kill(signal);
    // a peer that does not close its connections is not waited for
    const late = setTimeout(() => this.child.kill('SIGKILL'), 3_000);
    await this.ended;
    clearTimeout(late);
  }
}

/** A server, which has printed `listening: <url>`. */
export class Server extends Program {
  /**
   * @param {import('node:child_process').ChildProcess} child
   * @param {URL} url
   * @param {number} readyMs from the spawn to that line
   * @param {readonly string[]} output  what it has written to standard error, and before that line
   */
  constructor(child, url, readyMs, output) {
    super(child);
    this.output = output;
    this.url = url;
    this.port = Number(url.port);
    this.readyMs = readyMs;
  }
}

/**
 * Starts a server on its core.
 * @param {string} script     relative to bench/
 * @param {Record<string, string>} [environment]
 * @param {readonly string[]} [nodeOptions]
 */
export async function startServer(script, environment = {}, nodeOptions = []) {
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
  const [command, args] = pinned('server', process.execPath, [...nodeOptions, path]);
  const began = performance.now();
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  /** @type {string[]} */
  const output = [];
  child.stderr.on('data', (/** @type {Buffer} */ chunk) => output.push(chunk.toString()));
  const ended = once(child, 'exit');
  running.add(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /listening: (\S+)/.exec(line)?.[1];
    if (url === undefined) {
      output.push(`${line}\n`);
      continue;
    }
    child.stdout.resume();
    return new Server(child, new URL(url), performance.now() - began, output);
  }
  running.delete(child);
  await ended;
  throw new Error(`${script} did not start:\n${output.join('')}`);
}

/** A load generator: a module whose functions are called in a process of its own. */
export class Load extends Program {
  #lastId = 0;

  /**
   * Calls a function of the module.
   * @param {string} method
   * @param {object} [params]
   * @returns {Promise<any>} each function says what it answers
   */
  async call(method, params = {}) {
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      const { child } = this;
      const settle = (/** @type {any} */ answer) => {
        if (answer.id !== id) return;
        child.off('message', settle);
        child.off('exit', died);
        if (answer.error === undefined) resolve(answer.result);
        else reject(new Error(answer.error));
      };
      const died = () => reject(new Error(`the load generator ended during "${method}"`));
      child.on('message', settle);
      child.once('exit', died);
      child.send({ id, method, params });
    });
  }
}

/**
 * Starts a module whose functions are to be called: a load generator, on the other core.
 * @param {string} module relative to bench/
 * @param {import('./cores.js').Side} [side]
 * @param {number} [niceness]  how far it stands back for others
 */
export function startLoad(module, side = 'load', niceness = 0) {
  const serve = fileURLToPath(new URL('../load/serve.js', import.meta.url));
  const [command, args] = pinned(side, 'nice', ['-n', String(niceness), process.execPath, serve, module]);
  return new Load(spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
}
