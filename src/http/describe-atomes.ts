import type { INestApplicationContext } from '@nestjs/common';
import { RULE_EXTENSION } from '../auth/authorization/access.guard.js';
import { REQUIRED_ROLES } from '../auth/authorization/role-permissions.js';
import { ResolvedOptions } from '../config/module-options.js';
import { kindSchemas } from '../kinds/kind-schemas.js';
import { ITEM_SCHEMA, refusal } from './openapi.js';
import { MODEL_PREFIX } from './schema-models.js';

type Part = Record<string, unknown>;

interface Operation extends Part {
  readonly [RULE_EXTENSION]?: { readonly rule: string; readonly takesTickets: boolean };
  responses: Part;
  description?: string;
  security?: Part[];
  parameters?: { readonly name: string }[];
}

/** A document of OpenAPI, as `SwaggerModule.createDocument` makes it. */
export interface ApiDocument {
  /** Version of OpenAPI. */
  openapi: string;
  /** Calls by path and method. */
  paths: object;
  /** What the calls refer to. */
  components?: object;
}

const BEARER = { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' };
const TICKET = { type: 'apiKey', in: 'query', name: 'ticket' };

/**
 * Says in a document of OpenAPI what the module's calls need by its options: tokens where there are some, and what `data` is for
 * each kind, which needs OpenAPI 3.1.
 * @param app the application that imports the module.
 * @returns the document, which it changes.
 */
export function describeAtomes<Document extends ApiDocument>(
  app: INestApplicationContext,
  document: Document,
): Document {
  const options = app.get(ResolvedOptions, { strict: false });
  const components = (document.components ??= {}) as Partial<Record<string, Part>>;
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path as Record<string, Operation>));
  const ours = operations.filter((operation) => operation[RULE_EXTENSION] !== undefined);
  if (options.jwt) components.securitySchemes = { ...components.securitySchemes, bearer: BEARER, ticket: TICKET };
  for (const operation of ours) secure(operation, options);
  if (!ours.some(({ operationId }) => operationId === 'pullAtomes')) forgetOriginal(ours, components);
  // what follows has no words in OpenAPI 3.0
  if (document.openapi.startsWith('3.0')) return document;
  for (const operation of ours) describeParts(operation);
  Object.assign((components.schemas ??= {}), kindSchemas(options.kinds, components.schemas, MODEL_PREFIX));
  return document;
}

/** Lines and events in the words of JSON Schema 2020-12. */
function describeParts({ responses }: Operation): void {
  const contents = Object.values(responses).map((response) => (response as { content?: Part }).content ?? {});
  for (const [contentMediaType, media] of contents.flatMap((content) => Object.entries(content))) {
    const { schema } = media as { schema: Part };
    const items = schema[ITEM_SCHEMA];
    if (items === undefined) continue;
    (media as { schema: Part }).schema = { type: 'string', contentMediaType, contentSchema: { type: 'array', items } };
  }
}

/** Without the module of the original client nothing is exported as one value. */
function forgetOriginal(operations: readonly Operation[], { schemas }: Partial<Record<string, Part>>): void {
  const { responses } = operations.find(({ operationId }) => operationId === 'exportUserData') ?? { responses: {} };
  const { content } = (responses[200] ?? {}) as { content?: Part };
  if (content) delete content['application/json'];
  if (schemas) delete schemas[`${MODEL_PREFIX}ExportedAnswer`];
}

function secure(operation: Operation, { jwt, knowsCallers }: ResolvedOptions): void {
  const { rule, takesTickets } = operation[RULE_EXTENSION]!;
  delete (operation as Part)[RULE_EXTENSION];
  if (!knowsCallers || rule === 'open') return;
  operation.responses = { ...operation.responses, 401: operation.responses[401] ?? refusal(['unauthenticated']) };
  const isPublic = rule === 'public';
  if (!isPublic) {
    const role = REQUIRED_ROLES[rule as keyof typeof REQUIRED_ROLES];
    operation.description = [operation.description, `Needs the role \`${role}\`.`].filter(Boolean).join(' ');
    operation.responses = { 403: refusal(['forbidden']), ...operation.responses };
  }
  if (!jwt) return;
  operation.security = [{ bearer: [] }, ...(takesTickets ? [{ ticket: [] }] : []), ...(isPublic ? [{}] : [])];
  if (takesTickets) operation.parameters = operation.parameters!.filter(({ name }) => name !== TICKET.name);
}
