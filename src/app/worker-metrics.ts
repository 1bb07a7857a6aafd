import type { Worker } from 'node:cluster';
import type { LoggerService } from '@nestjs/common';
import type { Measured, WorkerMessage, WorkerRequest } from './worker-messages.js';

/** How long the metrics of one are waited for, in milliseconds. */
const METRICS_MS = 5_000;

/** What processes measure together. What they count goes down for none that ends or does not answer. */
export class WorkerMetrics {
  /** What each has told last. */
  private readonly last = new Map<Worker, readonly Measured[]>();
  /** What those had counted that have ended. */
  private ended: readonly Measured[] = [];
  private asked = 0;

  constructor(private readonly logger: LoggerService) {}

  /** What each of these measures; of one that does not answer, what it had counted. */
  async of(workers: readonly Worker[]): Promise<(readonly Measured[])[]> {
    const answers = await Promise.all(workers.map((worker) => this.valuesOf(worker)));
    const silent = new Set(workers.filter((_, n) => !answers[n]));
    return [
      this.ended,
      ...[...this.last].map(([worker, values]) => (silent.has(worker) ? values.filter(isCount) : values)),
    ];
  }

  /** Keeps what one had counted that has ended. */
  end(worker: Worker): void {
    const counts = this.last.get(worker)?.filter(isCount) ?? [];
    if (this.last.delete(worker)) this.ended = sumsOf([...this.ended, ...counts]);
  }

  private valuesOf(worker: Worker): Promise<readonly Measured[] | undefined> {
    const id = (this.asked += 1);
    return new Promise((resolve) => {
      const answer = (values?: readonly Measured[]): void => {
        worker.off('message', listener).off('exit', end);
        clearTimeout(late);
        // at once: it may end next
        if (values) this.last.set(worker, values);
        resolve(values);
      };
      const listener = (message: WorkerMessage): void => {
        if (message.type !== 'metrics' || message.id !== id) return;
        if (message.error !== undefined) this.logger.error(`metrics of a process: ${message.error}`, 'Workers');
        answer(message.values);
      };
      const end = (): void => answer();
      const late = setTimeout(end, METRICS_MS);
      worker.on('message', listener).once('exit', end);
      ask(worker, { type: 'metrics', id });
    });
  }
}

/** One that ends meanwhile needs no answer. */
export function ask(worker: Worker, request: WorkerRequest): void {
  if (worker.isConnected()) worker.send(request, () => undefined);
}

function isCount({ type }: Measured): boolean {
  return type !== 'gauge';
}

/** One of each name, with one value of each label. */
function sumsOf(all: readonly Measured[]): Measured[] {
  const sums = new Map<string, { measured: Measured; values: Map<string, Measured['values'][number]> }>();
  for (const measured of all) {
    const values = sums.get(measured.name)?.values ?? new Map<string, Measured['values'][number]>();
    sums.set(measured.name, { measured, values });
    for (const each of measured.values) {
      const key = JSON.stringify([each.metricName, each.labels]);
      values.set(key, { ...each, value: each.value + (values.get(key)?.value ?? 0) });
    }
  }
  return [...sums.values()].map(({ measured, values }) => ({ ...measured, values: [...values.values()] }));
}
