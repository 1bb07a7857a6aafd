import type { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';

/**
 * The server of HTTP below an application; undefined where there is none: in an application context (a worker, a command).
 * @throws Error for another platform, whose routes, bodies and hooks are not those that this module knows; and for one that listens already, and takes none.
 */
export function fastifyOf(host: HttpAdapterHost): FastifyInstance | undefined {
  const adapter = host.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
  if (!adapter) return undefined;
  if (host.listening)
    throw new Error('AtomeModule is loaded when the application listens already: import it at its start');
  const platform = adapter.getType();
  if (platform === 'fastify') return adapter.getInstance<FastifyInstance>();
  throw new Error(
    `AtomeModule runs on Fastify, and this application on "${platform}": create it with NestFactory.create(AppModule, new FastifyAdapter()), of @nestjs/platform-fastify`,
  );
}
