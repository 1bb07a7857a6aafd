import { Worker } from 'node:worker_threads';
import { AtomeError } from '../../../protocol/index.js';
import type { Param } from '../columns.js';

/** A statement that reads; with `length` and `bytes`: the first rows, up to the one with which that column adds up to more. */
export interface Read {
  /** It reads the index of searches. */
  readonly isSearch?: boolean;
  /** See {@link isHeavy}; left out: it is light. */
  readonly isHeavy?: boolean | undefined;
  readonly sql: string;
  readonly params: readonly Param[];
  readonly length?: string;
  readonly bytes?: number;
}

type Answer = { readonly rows: unknown[] } | { readonly error: { readonly message: string } };

interface Waiting {
  readonly read: Read;
  readonly resolve: (rows: unknown[]) => void;
  readonly reject: (error: unknown) => void;
}

const THREADS = 2;
/** How many of them heavy reads may hold at once: another one is there for the light ones. */
const HEAVY_THREADS = 1;

/** The program of the threads cannot be loaded: it does not stand beside what it was bundled into, or does not find a module. */
export class NoThreads extends Error {
  constructor(override readonly cause: unknown) {
    super('the thread that reads cannot be started', { cause });
  }
}

/**
 * Threads that read a database in WAL mode, so that a long read holds up neither the event loop nor the writes. They
 * begin when there is something to read. Those who wait, by scope, take turns: one that asks much waits for itself.
 */
export class ReadPool {
  private readonly threads = new Set<Worker>();
  private readonly idle: Worker[] = [];
  private readonly light = new Queue();
  private readonly heavy = new Queue();
  private heavyRunning = 0;
  private isClosed = false;

  /** @param searchPath where the index of searches is, once there is one. */
  constructor(
    private readonly path: string,
    private readonly searchPath: string,
  ) {}

  /** @param scope whose read it is. */
  read(scope: string, read: Read): Promise<unknown[]> {
    if (this.isClosed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      (read.isHeavy ? this.heavy : this.light).push(scope, { read, resolve, reject });
      const thread = this.idle.pop() ?? (this.threads.size < THREADS ? this.begin() : undefined);
      if (thread) this.next(thread);
    });
  }

  /** What is being read is read to its end; what still waits is refused. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const { reject } of [...this.light.clear(), ...this.heavy.clear()]) reject(closed());
    await Promise.all([...this.threads].map(end));
  }

  private begin(): Worker {
    // what the process preloads is not for a thread that only reads
    const thread = new Worker(program(), {
      workerData: { path: this.path, searchPath: this.searchPath },
      execArgv: [],
    });
    // whoever waits for an answer keeps the process up
    thread.unref();
    this.threads.add(thread);
    // whoever waits for it hears of it; one that fails between two reads must not end the process
    thread.on('error', () => undefined).once('exit', () => this.forget(thread));
    return thread;
  }

  private forget(thread: Worker): void {
    this.threads.delete(thread);
    const at = this.idle.indexOf(thread);
    if (at >= 0) this.idle.splice(at, 1);
  }

  /** Heavy reads come first as long as they hold fewer threads than they may: each kind has a thread that it does not wait for. */
  private take(): Waiting | undefined {
    return (this.heavyRunning < HEAVY_THREADS ? this.heavy.take() : undefined) ?? this.light.take();
  }

  private next(thread: Worker): void {
    const waiting = this.take();
    if (!waiting) {
      // one that is being closed is waited for
      if (!this.isClosed) thread.unref();
      this.idle.push(thread);
      return;
    }
    const weight = waiting.read.isHeavy ? 1 : 0;
    this.heavyRunning += weight;
    const settle = (settled: () => void): void => {
      this.heavyRunning -= weight;
      thread.off('message', onMessage);
      thread.off('error', onError);
      thread.off('exit', onExit);
      settled();
    };
    const onMessage = (answer: Answer): void =>
      settle(() => {
        if ('rows' in answer) waiting.resolve(answer.rows);
        else waiting.reject(Object.assign(new Error(answer.error.message), answer.error));
        this.next(thread);
      });
    const onError = (error: unknown): void =>
      settle(() => {
        this.forget(thread);
        waiting.reject(isOfLoading(error) ? new NoThreads(error) : error);
        if (this.light.size + this.heavy.size > 0) this.next(this.begin());
      });
    const onExit = (): void => onError(new AtomeError('unavailable', 'a read of the database was ended; try again'));
    thread.on('message', onMessage).on('error', onError).on('exit', onExit);
    thread.ref();
    thread.postMessage(waiting.read);
  }
}

/** Those who wait, by scope: scopes take turns. */
class Queue {
  private readonly scopes = new Map<string, Waiting[]>();

  /** How many scopes wait. */
  get size(): number {
    return this.scopes.size;
  }

  push(scope: string, waiting: Waiting): void {
    const queue = this.scopes.get(scope);
    if (queue) queue.push(waiting);
    else this.scopes.set(scope, [waiting]);
  }

  take(): Waiting | undefined {
    const [first] = this.scopes;
    if (!first) return undefined;
    const [scope, queue] = first;
    const taken = queue.shift();
    this.scopes.delete(scope);
    if (queue.length > 0) this.scopes.set(scope, queue);
    return taken;
  }

  /** @returns all who waited. */
  clear(): Waiting[] {
    const waiting = [...this.scopes.values()].flat();
    this.scopes.clear();
    return waiting;
  }
}

/** The file beside this one. @throws NoThreads in a bundle that does not know where it is. */
function program(): URL {
  try {
    return new URL('./read-worker.mjs', import.meta.url);
  } catch (error) {
    throw new NoThreads(error);
  }
}

/** Such as `ERR_MODULE_NOT_FOUND`. */
function isOfLoading(error: unknown): boolean {
  return String((error as { code?: unknown } | undefined)?.code).includes('MODULE_NOT_FOUND');
}

/** The process waits for its end, too: an idle thread alone would not keep it up. */
function end(thread: Worker): Promise<void> {
  thread.ref();
  const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
  thread.postMessage(null);
  return ended;
}

function closed(): AtomeError {
  return new AtomeError('unavailable', 'the database is closed; try again');
}
