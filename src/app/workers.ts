import cluster, { type Worker } from 'node:cluster';
import type { LoggerService } from '@nestjs/common';
import { elapse } from '../ledger/elapse.js';
import type { Listening, Measured, WorkerMessage } from './worker-messages.js';
import { ask, WorkerMetrics } from './worker-metrics.js';

/** How long it takes until one is started in the place of one that has ended, in milliseconds; twice as long each time. */
const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 30_000;
/** One that has run for so long had started well, in milliseconds. */
const WELL_MS = 60_000;

/** A process could not be started. It has said why itself. */
export class StartError extends Error {
  constructor(readonly code: number) {
    super(`a process of the server has ended with ${code} before it listened`);
  }
}

/** One process. */
interface Running {
  readonly worker: Worker;
  /** Resolves with that it has ended and how, as half a sentence. */
  readonly ended: Promise<string>;
  /** @throws StartError */
  readonly listening: Promise<Listening>;
  /** From then on it takes requests. */
  isListening: boolean;
}

/** The processes of a server that share one port: as many as were asked for, whatever ends one of them. */
export class Workers {
  private readonly running = new Set<Running>();
  private readonly stopping = new AbortController();
  private kept: Promise<void>[] = [];
  private readonly measured: WorkerMetrics;
  /** The worst of those that were asked to stop. */
  private code = 0;

  constructor(private readonly logger: LoggerService) {
    this.measured = new WorkerMetrics(logger);
  }

  /**
   * Starts so many: the first brings the tables up to date, so that the others need not wait for each other. Resolves when
   * all listen. @throws StartError
   */
  async start(count: number): Promise<Listening> {
    const all = [this.fork()];
    const { port, hasDocs } = await all[0]!.listening;
    while (all.length < count) all.push(this.fork());
    await Promise.all(all.map(({ listening }) => listening));
    this.kept = all.map((each) => this.keep(each));
    return { port, hasDocs };
  }

  /**
   * Lets all finish what they have accepted; resolves with the exit code of the whole.
   * @param withinMs what has not ended by then ends all the same.
   */
  async stop(withinMs: number): Promise<number> {
    this.stopping.abort();
    const late = setTimeout(() => this.kill(), withinMs);
    for (const { worker, isListening } of this.running) {
      // not a signal: that of a terminal has come to all of them, and a second one ends at once
      if (isListening) ask(worker, { type: 'stop' });
      else worker.process.kill('SIGTERM');
    }
    await Promise.all(this.kept);
    clearTimeout(late);
    return this.code;
  }

  /** Ends all at once. */
  kill(): void {
    this.stopping.abort();
    for (const { worker } of this.running) worker.process.kill('SIGKILL');
  }

  /** What each of them measures; of one that does not answer, or has ended, what it had counted. */
  metrics(): Promise<(readonly Measured[])[]> {
    return this.measured.of([...this.running].filter((each) => each.isListening).map(({ worker }) => worker));
  }

  private fork(): Running {
    const worker = cluster.fork();
    const running: Running = {
      worker,
      ended: new Promise((resolve) => {
        const end = (how: string, code: number): void => {
          this.running.delete(running);
          this.measured.end(worker);
          if (this.stopping.signal.aborted && running.isListening) this.code = Math.max(this.code, code);
          resolve(how);
        };
        worker.once('exit', (code: number | null, by: string) =>
          end(
            `process ${worker.process.pid} of the server has ended ${code === null ? `by ${by}` : `with ${code}`}`,
            code ?? 1,
          ),
        );
        worker.on('error', (error) => {
          // else it runs, and a message has not come to it
          if (worker.process.pid === undefined) end(notStarted(error), 1);
        });
      }),
      listening: new Promise((resolve, reject) => {
        worker.on('message', (message: WorkerMessage) => {
          if (message.type !== 'listening') return;
          running.isListening = true;
          resolve(message);
        });
        worker.once('exit', (code: number | null) => reject(new StartError(code ?? 1)));
        worker.on('error', reject);
      }),
      isListening: false,
    };
    this.running.add(running);
    return running;
  }

  /** Starts another in the place of one that has ended, and again, until all are to stop. */
  private async keep(first: Running): Promise<void> {
    const { signal } = this.stopping;
    let { ended } = first;
    let pause = FIRST_PAUSE_MS;
    for (let since = performance.now(); ; since = performance.now()) {
      const end = await ended;
      if (signal.aborted) return;
      if (performance.now() - since > WELL_MS) pause = FIRST_PAUSE_MS;
      this.logger.error(`${end}; another is started`, 'Workers');
      const isGoingOn = await elapse(pause, { signal }).then(
        () => true,
        () => false,
      );
      if (!isGoingOn) return;
      pause = Math.min(2 * pause, LAST_PAUSE_MS);
      ended = this.replace();
    }
  }

  /** Resolves as one in the place of another has ended. */
  private async replace(): Promise<string> {
    try {
      const { worker, listening, ended } = this.fork();
      listening.then(
        () => void this.logger.log(`process ${worker.process.pid} of the server listens in its place`, 'Workers'),
        // how it has ended is logged
        () => undefined,
      );
      return await ended;
    } catch (error) {
      // the machine has nothing left for it
      return notStarted(error as Error);
    }
  }
}

function notStarted({ message }: Error): string {
  return `a process of the server could not be started (${message})`;
}
