import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { NOTHING_HERE } from '../http/problem.js';
import { AtomeError } from '../protocol/index.js';
import { VERSION } from '../version.js';

/** Where the documentation is, and what lies beside it for a page that is asked for as `/api/docs/index.html`. */
const FOLDERS: ReadonlySet<string | undefined> = new Set(['/api/docs/*', '/api/docs/docs/*']);

/** What the page of Swagger UI loads; its package has more, which tells its version and that of its parts. */
const FILES: ReadonlySet<string> = new Set([
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'favicon-16x16.png',
  'favicon-32x32.png',
]);

/** Serves Swagger UI at `/api/docs`, and the document that it shows at `/api/openapi.json`. */
export function serveDocs(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', ({ routeOptions, params }, _reply, done) => {
      const isHidden = FOLDERS.has(routeOptions.url) && !FILES.has((params as { '*': string })['*']);
      done(isHidden ? new AtomeError('not_found', NOTHING_HERE) : undefined);
    });
  // made when it is first asked for: it costs more than the rest of the start
  const document = (): OpenAPIObject =>
    SwaggerModule.createDocument(
      app,
      new DocumentBuilder()
        .setTitle('atome-sync')
        .setDescription(
          'Shared objects ("atomes") in one append-only ledger. Live changes: the WebSocket `/ws/atome-sync`, or server-sent events from `/api/sync/changes`.',
        )
        .setVersion(VERSION)
        .addBearerAuth()
        .build(),
    );
  SwaggerModule.setup('api/docs', app, document, {
    jsonDocumentUrl: 'api/openapi.json',
    swaggerOptions: { tryItOutEnabled: true, displayRequestDuration: true, defaultModelsExpandDepth: 0 },
  });
}
