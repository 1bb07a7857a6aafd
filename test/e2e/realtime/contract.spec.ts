import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Contract, type ApiDocument } from '../../support/openapi.js';
import { examples } from '../../support/protocol-doc.js';
import { startApp, type TestApp } from '../../support/server/app.js';

type Example = Record<string, unknown>;

interface AsyncDocument extends Example {
  readonly channels: { readonly socket: { readonly address: string; readonly messages: Example } };
  readonly operations: Record<
    'send' | 'receive',
    { readonly action: string; readonly messages: { readonly $ref: string }[] }
  >;
  readonly components: {
    readonly messages: Record<string, { readonly name: string; readonly examples?: { readonly payload: Example }[] }>;
  };
}

const schema = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const UP = schema('SentMessage');
const DOWN = schema('ServerMessage');
const messages = examples().filter(({ type }) => typeof type === 'string' && !type.startsWith('urn:'));

describe('the document of AsyncAPI', () => {
  let server: TestApp;
  let document: AsyncDocument;
  let contract: Contract;
  beforeAll(async () => {
    server = await startApp();
    document = (await server.api.get('/api/asyncapi.json')).body as AsyncDocument;
    contract = new Contract({ paths: {}, ...document } as unknown as ApiDocument);
  });
  afterAll(() => server.close());

  it('refers to nothing that it does not define', () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path!);
    const found = (path: string): unknown =>
      path.split('/').reduce<unknown>((part, key) => (part as Example | undefined)?.[key], document);
    expect([...new Set(refs)].filter((path) => found(path) === undefined)).toEqual([]);
    expect(refs.length).toBeGreaterThan(50);
    expect(Object.keys(document.channels.socket.messages).sort()).toEqual(
      Object.keys(document.components.messages).sort(),
    );
  });

  it.each(messages.map((message) => [JSON.stringify(message).slice(0, 120), message] as const))(
    'knows what docs/protocol shows: %s',
    (_text, message) => {
      const ways = [contract.errorsOf(UP, message), contract.errorsOf(DOWN, message)];
      // the original client puts more into its frames than is asked for
      const isOriginal = String(message.type).startsWith('atome:') && message.seq === undefined;
      if (!isOriginal) expect(ways.find((errors) => errors.length === 0) ?? ways).toEqual([]);
    },
  );

  it('shows examples that are in docs/protocol and can be sent, and describes each frame of a session', async () => {
    const shown = Object.values(document.components.messages).flatMap((message) =>
      (message.examples ?? []).map(({ payload }) => payload),
    );
    expect(messages).toEqual(expect.arrayContaining(shown));
    const [socket, other] = [await server.connect(), await server.connect()];
    for (const message of shown) socket.send(message);
    socket.send({ type: 'nonsense' });
    socket.send({ type: 'mutate', opId: 'x', operation: 'update', atomeId: 'nobody', changes: {} });
    await server.api.create({ a: 1 }, { id: 'heard' });
    await server.api.put('/api/atome/heard', { data: { b: 1 } });
    await server.api.post('/api/atome/heard/alter', { operation: 'tag', changes: { tags: ['a'] } });
    await server.api.delete('/api/atome/heard');
    await other.next('atome:deleted');
    other.send({ type: 'subscribe', since: 0 });
    await other.next('sync:live');
    await socket.settled();
    const said = [...socket.received, ...other.received];
    const wrong = said.flatMap((frame) =>
      contract.errorsOf(DOWN, frame).map((error) => `${JSON.stringify(frame)}: ${error}`),
    );
    expect(wrong).toEqual([]);
    const types = new Set(said.map(({ type }) => type));
    expect([...types]).toEqual(
      expect.arrayContaining([
        'pong',
        'ack',
        'nack',
        'error',
        'events',
        'sync:live',
        'atome:created',
        'atome:updated',
        'atome:altered',
        'atome:deleted',
      ]),
    );
  });
});
