import { fileURLToPath } from 'node:url';
import fastifyStatic, { type FastifyStaticOptions } from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { PACKAGE_FOLDER } from '../version.js';

const CLIENT = new URL('client/', PACKAGE_FOLDER);

/** A page runs its own scripts and talks to its own server; nothing else is let in. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** How the files of pages are served: each by its name, asked for each time, answered by ETag, so that a new build is seen at once. */
export const PAGE_FILES = {
  wildcard: false,
  cacheControl: false,
  setHeaders: (reply) => {
    void reply.headers({ 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' });
    void reply.header('content-security-policy', PAGE_POLICY);
  },
} as const satisfies Partial<FastifyStaticOptions>;

/** Serves the console at `/`, the client in one file, and its examples. */
export async function servePages(app: NestFastifyApplication): Promise<void> {
  const folder = (path: string): string => fileURLToPath(new URL(path, CLIENT));
  await app.register(fastifyStatic, { ...PAGE_FILES, root: folder('console/dist/'), prefix: '/' });
  const examples = { root: folder('examples/'), prefix: '/examples/', decorateReply: false };
  await app.register(fastifyStatic, { ...PAGE_FILES, ...examples });
  const fastify = app.getHttpAdapter().getInstance();
  for (const file of ['client.js', 'client.js.map']) {
    fastify.get(`/${file}`, (_request, reply) => reply.sendFile(file, folder('dist/')));
  }
}
