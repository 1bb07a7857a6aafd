import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { LoggerService } from '@nestjs/common';
import { elapse } from '../ledger/elapse.js';
import type { Listening, WorkerMessage, WorkerRequest } from './worker-messages.js';

/** How long it takes until one is started in the place of one that has ended, in milliseconds; twice as long each time. */
const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 30_000;
/** One that has run for so long had started well, in milliseconds. */
const WELL_MS = 60_000;
/** How long the metrics of one are waited for, in milliseconds. */
const METRICS_MS = 5_000;

/** A process could not be started. It has said why itself. */
export class StartError extends Error {
  constructor(readonly code: number) {
    super(`a process of the server has ended with ${code} before it listened`);
  }
}

/** One process. */
interface Running {
  readonly worker: Worker;
  /** Resolves with how it has ended, as half a sentence. */
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
  private asked = 0;
  /** The worst of those that were asked to stop. */
  private code = 0;

  constructor(private readonly logger: LoggerService) {}

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

  /** Lets all finish what they have accepted; resolves with the exit code of the whole. */
  async stop(): Promise<number> {
    this.stopping.abort();
    for (const { worker, isListening } of this.running) {
      // not a signal: that of a terminal has come to all of them, and a second one ends at once
      if (isListening) ask(worker, { type: 'stop' });
      else worker.process.kill('SIGTERM');
    }
    await Promise.all(this.kept);
    return this.code;
  }

  /** Ends all at once. */
  kill(): void {
    this.stopping.abort();
    for (const { worker } of this.running) worker.process.kill('SIGKILL');
  }

  /** What each of them measures; of one that does not answer, nothing. */
  async metrics(): Promise<object[][]> {
    const answers = await Promise.all([...this.running].map((each) => this.metricsOf(each)));
    return answers.filter((values) => values !== undefined);
  }

  private fork(): Running {
    const worker = cluster.fork();
    const ended = once(worker, 'exit').then(([code, by]: (number | string | null)[]) => {
      this.running.delete(running);
      if (this.stopping.signal.aborted && running.isListening) this.code = Math.max(this.code, Number(code ?? 1));
      return by === null ? `with ${code}` : `by ${by}`;
    });
    const listening = new Promise<Listening>((resolve, reject) => {
      worker.on('message', (message: WorkerMessage) => {
        if (message.type !== 'listening') return;
        running.isListening = true;
        resolve(message);
      });
      worker.once('exit', (code: number | null) => reject(new StartError(code ?? 1)));
    });
    const running: Running = { worker, ended, listening, isListening: false };
    this.running.add(running);
    return running;
  }

  /** Starts another in the place of one that has ended, and again, until all are to stop. */
  private async keep(first: Running): Promise<void> {
    const { signal } = this.stopping;
    let { worker, ended } = first;
    let pause = FIRST_PAUSE_MS;
    for (let since = performance.now(); ; since = performance.now()) {
      const end = await ended;
      if (signal.aborted) return;
      if (performance.now() - since > WELL_MS) pause = FIRST_PAUSE_MS;
      this.logger.error(`process ${worker.process.pid} of the server has ended ${end}; another is started`, 'Workers');
      const isGoingOn = await elapse(pause, { signal }).then(
        () => true,
        () => false,
      );
      if (!isGoingOn) return;
      pause = Math.min(2 * pause, LAST_PAUSE_MS);
      const next = this.fork();
      next.listening.then(
        () => {
          this.logger.log(`process ${next.worker.process.pid} of the server listens in its place`, 'Workers');
        },
        // how it has ended is logged
        () => undefined,
      );
      ({ worker, ended } = next);
    }
  }

  private async metricsOf({ worker, ended }: Running): Promise<object[] | undefined> {
    const id = (this.asked += 1);
    let listener: (message: WorkerMessage) => void = () => undefined;
    let late: NodeJS.Timeout | undefined;
    const answer = new Promise<object[] | undefined>((resolve) => {
      listener = (message) => {
        if (message.type !== 'metrics' || message.id !== id) return;
        if (message.error !== undefined) this.logger.error(`metrics of a process: ${message.error}`, 'Workers');
        resolve(message.values);
      };
      late = setTimeout(() => resolve(undefined), METRICS_MS);
      void ended.then(() => resolve(undefined));
    });
    worker.on('message', listener);
    ask(worker, { type: 'metrics', id });
    try {
      return await answer;
    } finally {
      worker.off('message', listener);
      clearTimeout(late);
    }
  }
}

/** One that ends meanwhile needs no answer. */
function ask(worker: Worker, request: WorkerRequest): void {
  if (worker.isConnected()) worker.send(request, () => undefined);
}
