import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../../support/properties.js';
import { AtomeService } from '../../../src/atome/atome.service.js';
import { AtomeError, type JsonObject } from '../../../src/protocol/index.js';
import type { Answer } from '../../support/clients/api.js';
import type { TestApp } from '../../support/server/app.js';
import { DATABASES } from '../../support/databases/databases.js';
import { startOn } from '../../support/server/server-on.js';

/** Numbers that a double does not carry, as JSON spells them. */
const LOST = ['9007199254740993', '-9007199254740993', '-0', '-0.0', '0.1000000000000000055', '1e400', '1e-400'];
const CARRIED = ['9007199254740992', '-9007199254740991', '0.1', '1.10', '1e21', '5e-324', '0.30000000000000004', '0'];

/** How an entry point refuses: by a code, and the path that it names. */
type Refusal = readonly [code: unknown, path: unknown];

interface Refused {
  readonly code?: unknown;
  readonly details?: JsonObject;
  readonly errors?: unknown;
}

function refusalOf({ code, details, errors }: Refused): Refusal {
  const [first] = (errors ?? details?.errors ?? []) as { path: string }[];
  return [code, first?.path];
}

describe.each(DATABASES)('a number that a double does not carry, on %s', (_database, create) => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startOn(create);
    await server.api.create({ n: 1 }, { id: 'a1' });
    await server.api.create({ n: 1 }, { id: 'a2' });
  });
  afterAll(() => server.close());

  const rest = async (method: string, path: string, body: string, type = 'application/json'): Promise<Refusal> =>
    refusalOf((await server.api.call(method, `/api/atome/${path}`, body, { 'content-type': type })).body);

  const over = async (message: string): Promise<Refusal> => {
    const socket = await server.connect();
    socket.send(message);
    await socket.settled();
    const refused = socket.received.find(({ type }) => type === 'nack' || type === 'error');
    return refusalOf(refused?.type === 'nack' ? refused.error : ((refused ?? {}) as Refused));
  };

  const entryPoints: Record<string, readonly [path: string, send: (number: string) => Promise<Refusal>]> = {
    create: ['data.n', (n) => rest('POST', 'create', `{"kind":"note","data":{"n":${n}}}`)],
    'create, in meta': ['meta.at.1', (n) => rest('POST', 'create', `{"kind":"k","data":{},"meta":{"at":[1, ${n}]}}`)],
    alter: ['changes.n', (n) => rest('POST', 'a1/alter', `{"operation":"update","changes":{"n":${n}}}`)],
    replace: ['data.n', (n) => rest('PUT', 'a1', `{"data":{"n":${n}}}`)],
    'merge patch': ['n', (n) => rest('PATCH', 'a1', `{"n":${n}}`, 'application/merge-patch+json')],
    'JSON Patch': [
      '0.value.0',
      (n) => rest('PATCH', 'a1', `[{"op":"add","path":"/n","value":[${n}]}]`, 'application/json-patch+json'),
    ],
    'JSON Patch in an alter': [
      'changes.0.value',
      (n) => rest('POST', 'a1/alter', `{"operation":"patch","changes":[{"op":"test","path":"/n","value":${n}}]}`),
    ],
    restore: ['version', (n) => rest('POST', 'a1/restore', `{"version":${n}}`)],
    mutate: [
      'changes.n',
      (n) => over(`{"type":"mutate","opId":"o","operation":"update","atomeId":"a1","changes":{"n":${n}}}`),
    ],
    presence: ['state.x', (n) => over(`{"type":"presence","state":{"x":${n}}}`)],
    subscribe: ['since', (n) => over(`{"type":"subscribe","since":${n}}`)],
    'the original client': [
      'atome.data.n',
      (n) => over(`{"type":"atome:updated","atome":{"id":"a1","kind":"note","data":{"n":${n}}}}`),
    ],
  };

  it.each(Object.entries(entryPoints))('is refused by its path in %s', async (_name, [path, send]) => {
    for (const number of LOST) expect([number, ...(await send(number))]).toEqual([number, 'invalid', path]);
    expect((await server.api.get('/api/atome/a1')).body.atome).toMatchObject({ version: 1, data: { n: 1 } });
  });

  it('spoils no other write of its push, and says how to send it', async () => {
    const write = (opId: string, n: string): string =>
      `{"opId":"${opId}","operation":"update","atomeId":"a2","changes":{"${opId}":${n}}}`;
    const body = `{"operations":[${write('x', '1')},${write('y', '9007199254740993')},${write('z', '3')}]}`;
    const { results } = (await server.api.post('/api/sync/push', body)).body as { results: Record<string, unknown>[] };
    expect(results.map(({ type, opId }) => [type, opId])).toEqual([
      ['ack', 'x'],
      ['nack', 'y'],
      ['ack', 'z'],
    ]);
    expect(results[1]!.error).toMatchObject({ code: 'invalid', message: expect.stringContaining('as a string') });
  });

  it('is never the same write as one that it would have been rounded to', async () => {
    const send = (n: string): Promise<Answer> =>
      server.api.patch('/api/atome/a2', `{"n":${n}}`, undefined, { 'idempotency-key': 'op-1' });
    const first = await send('9007199254740992');
    expect(first.status).toBe(200);
    expect((await send('9007199254740993')).status).toBe(400);
    expect((await send('9007199254740992')).body.version).toBe(first.body.version);
  });

  it('is refused from the code of an application as well', async () => {
    const atomes = server.app.get(AtomeService);
    const throwing = {
      toJSON: () => {
        throw new Error('not today');
      },
    };
    for (const value of [1n, -0, NaN, Infinity, -Infinity, throwing, { toJSON: () => 2n }]) {
      const n = value as unknown as number;
      const writes = [
        () => atomes.create({ kind: 'note', data: { n } }),
        () => atomes.patch('a2', { deep: [{ n }] }),
        () => atomes.alter('a2', { operation: 'update', changes: { n } }),
        () => atomes.replace('a2', { data: { n } }),
      ];
      for (const write of writes) {
        const error = await Promise.resolve()
          .then(write)
          .catch((refused: unknown) => refused);
        expect(error).toBeInstanceOf(AtomeError);
        expect(error).toMatchObject({ code: 'invalid', message: expect.stringMatching(/\bn (?:is|cannot)/) });
      }
    }
  });

  it.each(CARRIED)('is not one like %s, which comes back with its value', async (number) => {
    await server.api.patch('/api/atome/a2', `{"n":${number}}`);
    const { text } = await server.api.get('/api/atome/a2');
    expect(text).toMatch(new RegExp(`"n":${Number(number).toString().replace('+', '\\+')}[,}]`));
  });

  it('is nothing that JavaScript writes: what is taken comes back equal', async () => {
    const numbers = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(numbers, async (values) => {
        const body = JSON.stringify({ values });
        expect((await server.api.patch('/api/atome/a2', body)).status).toBe(200);
        expect((await server.api.get('/api/atome/a2')).text).toContain(body.slice(1, -1));
      }),
      { numRuns: 50 },
    );
  });
});
