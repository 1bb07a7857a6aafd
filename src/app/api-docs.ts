import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

type OperationObject = NonNullable<OpenAPIObject['paths'][string]['get']>;
import { describeAtomes } from '../http/describe-atomes.js';
import { NOTHING_HERE } from '../http/problem.js';
import { withPlainNames } from '../http/schema-models.js';
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

/** What the calls are about. */
const TAGS: readonly (readonly [name: string, about: string])[] = [
  ['atome', 'Shared objects: write, read and look back'],
  ['sync', 'For clients that hold a replica'],
  ['server', 'What a client may want to know before'],
  ['auth', 'Accounts of the server, and tickets'],
  ['compliance', 'The audit trail, and the own data of everybody'],
  ['consumers', 'Durable consumers of the application'],
  ['webhooks', 'Events posted to other systems'],
  ['original client', 'What only the original client asks'],
  ['health', 'For who watches the process'],
];

/** Serves Swagger UI at `/api/docs`, and the document that it shows at `/api/openapi.json`. */
export function serveDocs(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', ({ routeOptions, params, url }, reply, done) => {
      // the server of the document is found from the address of the page
      if (/^\/api\/docs\/(?:index\.html)?(?:\?|$)/.test(url)) return void reply.redirect('../docs', 302);
      const isHidden = FOLDERS.has(routeOptions.url) && !FILES.has((params as { '*': string })['*']);
      done(isHidden ? new AtomeError('not_found', NOTHING_HERE) : undefined);
    });
  // made when it is first asked for: it costs more than the rest of the start
  SwaggerModule.setup('api/docs', app, () => documentOf(app), {
    jsonDocumentUrl: 'api/openapi.json',
    swaggerOptions: { tryItOutEnabled: true, displayRequestDuration: true, defaultModelsExpandDepth: 0 },
  });
}

function documentOf(app: NestFastifyApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('atome-sync')
    .setDescription(
      'Shared objects ("atomes") in one append-only ledger. Live changes: the WebSocket `/ws/atome-sync`, or server-sent events from `/api/sync/changes`.',
    )
    .setVersion(VERSION)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    // from where the document is: so it holds also below a prefix that a proxy takes away
    .addServer('..');
  const document = withPlainNames(describeAtomes(app, SwaggerModule.createDocument(app, builder.build())));
  // each call says for itself what it needs
  document.security = [];
  const operations = operationsOf(document);
  for (const operation of operations) operation.description ??= answerOf(operation);
  const used = new Set(operations.flatMap(({ tags = [] }) => tags));
  document.tags = TAGS.filter(([name]) => used.has(name)).map(([name, description]) => ({ name, description }));
  return document;
}

function operationsOf({ paths }: OpenAPIObject): OperationObject[] {
  return Object.values(paths).flatMap((path) => Object.values(path) as OperationObject[]);
}

/** What it is answered when all is well, as a sentence. */
function answerOf({ responses }: OperationObject): string {
  const { description } = (responses[200] ?? responses[201]) as { readonly description: string };
  return `${description}.`;
}
