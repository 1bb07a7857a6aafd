import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { PACKAGE_FOLDER } from '../version.js';
import { asyncDocument } from './async-document.js';
import { PAGE_FILES } from './pages.js';

const PAGE = '/api/async-docs';
const FOLDER = fileURLToPath(new URL('client/async-docs/', PACKAGE_FOLDER));

/** Serves what describes the WebSocket: the document at `/api/asyncapi.json`, and the page that shows it and tries it. */
export async function serveAsyncDocs(app: NestFastifyApplication): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/api/asyncapi.json', (_request, reply) =>
    reply.type('application/json').send(JSON.stringify(asyncDocument(app))),
  );
  fastify.get(PAGE, (_request, reply) => reply.sendFile('index.html', FOLDER));
  // what the page names is found from its address
  fastify.get(`${PAGE}/`, (_request, reply) => reply.redirect('../async-docs', 302));
  const files = { ...PAGE_FILES, root: FOLDER, prefix: `${PAGE}/`, index: false as const, decorateReply: false };
  await app.register(fastifyStatic, files);
}
