import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config } from '../config/environment.js';
import { loadPrometheus, openMetrics, type MetricsText } from '../ops/metrics.js';

const PATH = '/metrics';

/** Serves metrics as long as the application runs; resolves with their port. To be called before it listens. */
export async function serveMetrics(app: NestFastifyApplication, { host, port, metricsPort }: Config): Promise<number> {
  const metrics = await openMetrics(app);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onClose', (_server, done) => {
    metrics.stop();
    done();
  });
  if (metricsPort === port && port !== 0) {
    fastify.get(PATH, async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
    return port;
  }
  const server = await listenFor(metrics, metricsPort, host);
  fastify.addHook('onClose', (_server, done) => {
    server.close(() => done());
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** Serves metrics alone. */
export async function listenFor(metrics: MetricsText, port: number | undefined, host: string): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?', 1)[0] !== PATH) {
      response.writeHead(404).end();
      return;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}

/** Serves the metrics of several processes as one: what they count is summed up; resolves with their port. */
export async function serveSums(
  values: () => Promise<(readonly object[])[]>,
  { host, metricsPort }: Config,
): Promise<number> {
  const { AggregatorRegistry } = await loadPrometheus();
  const { contentType } = AggregatorRegistry.aggregate([]);
  const text = async (): Promise<string> => AggregatorRegistry.aggregate(await values()).metrics();
  return ((await listenFor({ contentType, text }, metricsPort, host)).address() as AddressInfo).port;
}
