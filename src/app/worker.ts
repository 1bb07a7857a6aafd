import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config } from '../config/environment.js';
import { openMetrics } from '../ops/metrics.js';
import type { Listening, Measured, WorkerMessage, WorkerRequest } from './worker-messages.js';

/**
 * Prepares one of several processes of a server. To be called before it listens.
 * @returns what tells the process that has started it that it listens, and does what that asks.
 */
export async function prepareWorker(
  app: NestFastifyApplication,
  { metricsPort }: Config,
): Promise<(listening: Listening, stop: () => void) => void> {
  const metrics = metricsPort === undefined ? undefined : await openMetrics(app);
  return (listening, stop) => {
    process.on('message', (request: WorkerRequest) => {
      if (request.type === 'stop') return stop();
      const { id } = request;
      metrics?.values().then(
        (values) => tell({ type: 'metrics', id, values: values as Measured[] }),
        (error: unknown) => tell({ type: 'metrics', id, error: String(error) }),
      );
    });
    tell({ type: 'listening', ...listening });
  };
}

function tell(message: WorkerMessage): void {
  process.send?.(message);
}
