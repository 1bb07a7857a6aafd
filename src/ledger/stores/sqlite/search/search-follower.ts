import { closeSync, existsSync, openSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { Following, NOT_WORTH } from '../../search.js';

/** What the thread is asked to do. */
export interface Task {
  readonly id: number;
  /** How many alterations an index may be behind. */
  readonly least: number;
  /** Removes from the file what the index does not have any more; `whole`: by rewriting it. */
  readonly scrub?: 'log' | 'whole' | undefined;
}

interface Done {
  readonly id: number;
  readonly error?: { readonly message: string; readonly code?: string };
}

const THREAD = new URL('./search-worker.mjs', import.meta.url);

/** Where the index of a database is. */
export function searchPathOf(path: string): string {
  return `${path}-search`;
}

/**
 * Keeps the index of searches up with the ledger, in a thread and behind the writes. The thread and the file begin when
 * there is something worth an index.
 */
export class SearchFollower {
  readonly following: Following;
  /** Whether the index can be asked. */
  isReady = false;
  private thread: Worker | undefined;
  private readonly tasks = new Map<number, (done: Done) => void>();
  private count = 0;

  /** @param path of the database. */
  constructor(
    private readonly path: string,
    onError: (error: unknown) => void,
  ) {
    this.following = new Following(() => this.run({ least: NOT_WORTH }), onError);
  }

  /** Resolves when the index has nothing any more that the ledger has not. */
  async scrub(isWhole: boolean): Promise<void> {
    if (!this.thread && !existsSync(searchPathOf(this.path))) return;
    const thread = (this.thread ??= this.begin());
    // whoever waits for it keeps the process up
    thread.ref();
    await this.run({ least: 1, scrub: isWhole ? 'whole' : 'log' }).finally(() => thread.unref());
  }

  /** What is being indexed is indexed to the end of its batch. */
  async close(): Promise<void> {
    const { thread } = this;
    if (!thread) return;
    thread.ref();
    const ended = new Promise((resolve) => thread.once('exit', resolve));
    thread.postMessage(null);
    await ended;
  }

  private async run(task: Omit<Task, 'id'>): Promise<void> {
    const thread = (this.thread ??= this.begin());
    const id = (this.count += 1);
    const { error } = await new Promise<Done>((resolve) => {
      this.tasks.set(id, resolve);
      thread.postMessage({ id, ...task });
    });
    if (error) throw Object.assign(new Error(error.message), error);
  }

  private begin(): Worker {
    const path = searchPathOf(this.path);
    // as the database: for the eyes of this user only
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
    const thread = new Worker(THREAD, { workerData: { path, ledgerPath: this.path }, execArgv: [] });
    let error: Done['error'] = { message: 'the thread has ended' };
    thread
      .on('message', (done: Done | 'ready') => {
        if (done === 'ready') this.isReady = true;
        else this.settle(done);
      })
      .on('error', (cause: Error) => (error = cause))
      .once('exit', () => {
        this.thread = undefined;
        this.isReady = false;
        for (const id of [...this.tasks.keys()]) this.settle({ id, error });
      });
    // behind the listeners: one for messages keeps the process up
    thread.unref();
    return thread;
  }

  private settle(done: Done): void {
    this.tasks.get(done.id)?.(done);
    this.tasks.delete(done.id);
  }
}
