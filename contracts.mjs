/*
 * Makes the contract of what the code says. `node contracts.mjs schemas` writes src/http/schemas.ts, of the types below;
 * `node contracts.mjs` does so, builds, and writes docs/openapi.json and docs/asyncapi.json as a server serves them.
 */
import { execSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createGenerator } from 'ts-json-schema-generator';

const ROOT = import.meta.dirname;
const SCHEMAS = `${ROOT}/src/http/schemas.ts`;

/** The types that calls and messages are documented by; those that they name come along. */
const TYPES = {
  'protocol/messages/answers': [
    ...[
      'DoneAnswer',
      'CreatedAnswer',
      'WrittenAnswer',
      'RenamedAnswer',
      'DeletedAnswer',
      'ErasedAnswer',
      'RestoredAnswer',
    ],
    ...['AtomeAnswer', 'ListAnswer', 'HistoryAnswer', 'ChangesAnswer', 'StreamedEvent', 'PushAnswer', 'BatchAnswer'],
    ...[
      'BatchLine',
      'SnapshotLine',
      'AuditAnswer',
      'AuditTrailLine',
      'ExportLine',
      'ExportedAnswer',
      'DeletedAllAnswer',
      'ServerInfoAnswer',
    ],
  ],
  'protocol/messages/server-messages': ['ServerMessage'],
  'protocol/messages/sent-messages': ['SentMessage', 'SentWrite'],
  'accounts/answers': ['TicketAnswer', 'TokensAnswer', 'LoginAnswer', 'MeAnswer', 'AccountDeletedAnswer'],
  'realtime/answers': ['ClientsAnswer', 'ExplainAnswer'],
  'consumers/answers': ['ConsumersAnswer', 'DeadLettersAnswer', 'CountAnswer'],
  'webhooks/answers': [
    ...['WebhookAnswer', 'WebhookMadeAnswer', 'WebhooksAnswer', 'WebhookSecretAnswer', 'WebhookTestAnswer'],
    'DeliveriesAnswer',
  ],
  'kinds/describe-kinds': ['SchemaAnswer'],
  'edge/answers': ['EdgeAnswer'],
  'ops/answers': ['HealthAnswer'],
  'compat/pull': ['PulledAnswer', 'AcknowledgedAnswer'],
  'http/problem': ['Problem'],
};

/** Types of JSON that say nothing but that it is JSON. */
const ANY = {
  JsonValue: {},
  JsonObject: { type: 'object', additionalProperties: true },
  JsonSchema: { type: 'object', additionalProperties: true },
};
/** What a `Pick` leaves optional, which the generator takes for required where it is inherited. */
const OPTIONAL = { Tombstone: ['access', 'inherited'] };
/** Whose numbers need not be whole. */
const NUMBERS = new Set(['Scalar', 'Where', 'FieldOperators']);
const TIME = /(?:At|^timestamp|^serverTime)$/;

function definitions() {
  const generator = createGenerator({
    path: `${ROOT}/src/{${Object.keys(TYPES).join()}}.ts`,
    tsconfig: `${ROOT}/tsconfig.json`,
    skipTypeCheck: true,
    additionalProperties: true,
    jsDoc: 'extended',
    expose: 'export',
  });
  const all = Object.values(TYPES)
    .flat()
    .flatMap((type) => Object.entries(generator.createSchema(type).definitions));
  return Object.fromEntries(all.filter(([name]) => !(name in ANY)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isNull = (schema) => schema.type === 'null';

/** What the members of most types are is in docs/protocol: the packed server has no room for it twice. */
const TOLD = new Set(['Atome', 'Problem']);

function told({ description, ...schema }, name) {
  return TOLD.has(name) && description !== undefined ? { ...schema, description } : schema;
}

/** As OpenAPI 3.0 has it too, in which applications around may document themselves. */
function written(schema, name, property = '') {
  if (!isObject(schema)) return schema;
  const { $ref, const: constant, properties, items, anyOf, additionalProperties, ...rest } = schema;
  if ($ref !== undefined) {
    const to = decodeURIComponent($ref.replace('#/definitions/', ''));
    const { description } = rest;
    return { ...(ANY[to] ?? { $ref: `#/components/schemas/${to}` }), ...(description && { description }) };
  }
  if (constant !== undefined) rest.enum = [constant];
  if (Array.isArray(rest.type) && rest.type.length > 2)
    return written({ ...rest, type: undefined, anyOf: rest.type.map((type) => ({ type })) }, name);
  if (Array.isArray(rest.type)) {
    if (rest.type.includes('null')) rest.nullable = true;
    const types = rest.type.filter((type) => type !== 'null');
    if (types.length > 1) return { ...rest, type: undefined, anyOf: types.map((type) => written({ type }, name)) };
    [rest.type] = types;
    if (rest.enum) rest.enum = rest.enum.filter((value) => value !== null);
  }
  if (rest.type === 'number' && !NUMBERS.has(name)) rest.type = 'integer';
  if (rest.type === 'string' && !rest.enum && TIME.test(property)) rest.format = 'date-time';
  if (isObject(additionalProperties)) {
    const value = written(additionalProperties, name);
    rest.additionalProperties = Object.keys(value).length === 0 ? true : value;
  } else if (additionalProperties === true) rest.additionalProperties = true;
  else if (additionalProperties === false && !properties) rest.additionalProperties = false;
  if (properties)
    rest.properties = Object.fromEntries(
      Object.entries(properties).map(([key, each]) => [key, told(written(each, name, key), name)]),
    );
  if (items) rest.items = written(items, name);
  if (!anyOf) return rest;
  const parts = anyOf.filter((part) => !isNull(part)).map((part) => written(part, name));
  if (parts.length < anyOf.length) rest.nullable = true;
  if (parts.length === 1) return rest.nullable && parts[0].$ref ? { ...rest, allOf: parts } : { ...parts[0], ...rest };
  return { ...rest, anyOf: parts };
}

/** Told apart by `type`, where each of them has one of its own. */
function discriminated(schema, all) {
  const names = (schema.anyOf ?? []).map(({ $ref }) => $ref?.replace('#/components/schemas/', ''));
  const tags = names.map((name) => all[name]?.properties?.type?.enum);
  if (names.length === 0 || !tags.every((tag) => tag?.length === 1)) return schema;
  const { anyOf, ...rest } = schema;
  const mapping = Object.fromEntries(tags.map(([tag], at) => [tag, anyOf[at].$ref]));
  return { ...rest, oneOf: anyOf, discriminator: { propertyName: 'type', mapping } };
}

/** The schemas, by the names of their types. */
export function schemas() {
  const all = Object.fromEntries(Object.entries(definitions()).map(([name, schema]) => [name, written(schema, name)]));
  for (const [name, keys] of Object.entries(OPTIONAL))
    all[name].required = all[name].required.filter((key) => !keys.includes(key));
  return Object.fromEntries(Object.entries(all).map(([name, schema]) => [name, discriminated(schema, all)]));
}

/** src/http/schemas.ts as it should be. */
export function schemasFile() {
  const lines = Object.entries(schemas()).map(([name, schema]) => `  ${name}: ${JSON.stringify(schema)},`);
  return `/* Made of the types by contracts.mjs: not to be edited. */

/** What calls answer and messages say, as OpenAPI 3.0 has schemas. */
export const SCHEMAS = {
${lines.join('\n')}
};
`;
}

/** A document as it is kept. */
export const formatted = (document) => `${JSON.stringify(document, null, 2)}\n`;

/** docs/openapi.json and docs/asyncapi.json, as a server of this build serves them that is told nothing. */
async function writeDocuments() {
  execSync('node build.mjs', { cwd: ROOT, stdio: 'inherit' });
  const environment = { PATH: process.env.PATH, DATABASE_URL: 'sqlite::memory:', PORT: '0', LOG_LEVEL: 'info' };
  const server = spawn(process.execPath, ['dist/cli/atome-sync.js', 'serve'], { cwd: ROOT, env: environment });
  try {
    const url = await new Promise((resolve, reject) => {
      server.once('exit', () => reject(new Error('the server has ended')));
      let heard = '';
      server.stdout.on('data', (data) => {
        heard += data;
        const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(heard) ?? [];
        if (found) resolve(found);
      });
    });
    for (const name of ['openapi', 'asyncapi']) {
      const answer = await fetch(`${url}/api/${name}.json`);
      if (!answer.ok) throw new Error(`${name}.json: ${await answer.text()}`);
      writeFileSync(`${ROOT}/docs/${name}.json`, formatted(await answer.json()));
    }
  } finally {
    server.kill();
  }
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(SCHEMAS, schemasFile());
  if (process.argv[2] !== 'schemas') await writeDocuments();
}
