import type { INestApplicationContext } from '@nestjs/common';
import { ResolvedOptions } from '../config/module-options.js';
import { namedBy } from '../http/schema-models.js';
import { SCHEMAS } from '../http/schemas.js';
import { kindSchemas } from '../kinds/kind-schemas.js';
import { isObject } from '../protocol/index.js';
import { VERSION } from '../version.js';

type Part = Record<string, unknown>;

/** What a client may send as it stands; each is in `docs/protocol`, too. */
const SENT: readonly Part[] = [
  { type: 'ping' },
  { type: 'subscribe', since: 0 },
  {
    type: 'mutate',
    opId: 'op-2',
    operation: 'create',
    atomeId: 'note-2',
    kind: 'note',
    data: { title: 'a', content: 'b' },
  },
  { type: 'presence', state: { cursor: 3 } },
  { type: 'unsubscribe' },
];

/** The WebSocket, as AsyncAPI 3 describes it: made of the types of the protocol, by way of their schemas. */
export function asyncDocument(app: INestApplicationContext): object {
  const { wsPath, kinds, jwt } = app.get(ResolvedOptions, { strict: false });
  const received = messagesOf('SentMessage', 'sent.');
  const sent = messagesOf('ServerMessage', '');
  const messages = { ...received, ...sent };
  const refsTo = (some: Part, from: string) => Object.keys(some).map((name) => ({ $ref: `${from}/${name}` }));
  const onChannel = '#/channels/socket/messages';
  const channel = { $ref: '#/channels/socket' };
  const schemas = schemasOf(['SentMessage', 'ServerMessage']);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'atome-sync',
      version: VERSION,
      description:
        'The WebSocket. Each frame is one object of JSON in a text frame, told apart by `type`; clients ignore fields and types that they do not know.',
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    defaultContentType: 'application/json',
    servers: {
      here: { host: '{host}', protocol: 'ws', variables: { host: { default: '127.0.0.1:3001' } } },
    },
    channels: {
      socket: {
        address: wsPath,
        description: jwt
          ? 'Who connects says who they are: by `Authorization`, by a ticket in the address, or by an `auth` message.'
          : 'Nobody is asked who they are.',
        messages: Object.fromEntries(
          Object.keys(messages).map((name) => [name, { $ref: `#/components/messages/${name}` }]),
        ),
      },
    },
    operations: {
      receive: { action: 'receive', channel, summary: 'What clients send', messages: refsTo(received, onChannel) },
      send: { action: 'send', channel, summary: 'What the server says', messages: refsTo(sent, onChannel) },
    },
    components: { messages, schemas: { ...schemas, ...kindSchemas(kinds, schemas) } },
  };
}

/** A message for each type of a union; types in one schema share it. */
function messagesOf(union: keyof typeof SCHEMAS, prefix: string): Part {
  const messages: Part = {};
  for (const name of partsOf(union)) {
    for (const type of typesOf(SCHEMAS[name])) {
      const examples = prefix === '' ? [] : SENT.filter((example) => example.type === type);
      messages[prefix + type.replace(':', '.')] = {
        name: type,
        summary: (SCHEMAS[name] as { description?: string }).description,
        payload: { $ref: `#/components/schemas/${name}` },
        ...(examples.length > 0 && { examples: examples.map((payload) => ({ payload })) }),
      };
    }
  }
  return messages;
}

/** The schemas of a union that say which message they are. */
function partsOf(union: keyof typeof SCHEMAS): (keyof typeof SCHEMAS)[] {
  return namedBy(SCHEMAS[union]).flatMap((name) => (typesOf(SCHEMAS[name]).length > 0 ? [name] : partsOf(name)));
}

interface MessageSchema {
  readonly properties?: { readonly type?: { readonly enum?: readonly string[] } };
  readonly anyOf?: readonly object[];
}

/** What `type` may be, in a schema or in its variants. */
function typesOf(schema: object): readonly string[] {
  const { properties, anyOf = [] } = schema as MessageSchema;
  return properties?.type?.enum ?? [...new Set(anyOf.flatMap(typesOf))];
}

function schemasOf(roots: readonly (keyof typeof SCHEMAS)[]): Part {
  const names = new Set(roots);
  // it grows while it is gone through
  for (const name of names) for (const named of namedBy(SCHEMAS[name])) names.add(named);
  return Object.fromEntries([...names].sort().map((name) => [name, ofDraft2020(SCHEMAS[name])]));
}

/** What OpenAPI says in words of its own, in those of JSON Schema. */
function ofDraft2020(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(ofDraft2020);
  if (!isObject(schema)) return schema;
  const { nullable, discriminator: _discriminator, ...rest } = schema;
  const result = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, ofDraft2020(value)]));
  if (nullable !== true) return result;
  if (typeof result.type === 'string' && result.enum === undefined) return { ...result, type: [result.type, 'null'] };
  const { description, ...other } = result;
  return { ...(description !== undefined && { description }), anyOf: [other, { type: 'null' }] };
}
