import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../../support/properties.js';
import { AtomeError, ERRORS, OPERATIONS, type ErrorBody, type ErrorCode } from '../../../src/protocol/index.js';
import type { Answer } from '../../support/clients/api.js';
import { startApp, type TestApp } from '../../support/server/app.js';
import { patchStep } from '../../support/models/arbitraries.js';
import type { TestSocket } from '../../support/clients/socket.js';

const FIELDS =
  'type opId operation atomeId id changes kind atomeType data meta parentId baseVersion hlc reason token epoch since hash kinds ' +
  'types ids compact state atome alteration deviceId timestamp newName version name tags operations __proto__ constructor';
const MESSAGES =
  'ping auth subscribe unsubscribe mutate presence atome:created atome:updated atome:altered atome:deleted dance';
const PARAMETERS =
  'kind type parentId search page limit sortBy sortOrder cursor includeDeleted count version at since wait kinds ids compact hash';

const field = fc.constantFrom(...FIELDS.split(' '));
/** Values that are often right for some field. */
const apt = fc.oneof(
  fc.constantFrom<unknown>(
    'a1',
    'nobody',
    'note',
    1,
    2,
    0,
    -1,
    2 ** 40,
    1e308,
    null,
    true,
    [],
    {},
    '',
    '\u0000',
    '\ud800',
  ),
  fc.constantFrom<unknown>(...OPERATIONS, 'updatedAt', '000001700000000-0000-n1', '2026-01-31T12:00:00Z'),
  fc.array(patchStep, { maxLength: 3 }),
  fc.dictionary(field, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 4 }),
  fc.jsonValue({ maxDepth: 3 }),
);
const nearMiss = fc.dictionary(field, apt, { maxKeys: 8 });
const body = fc.oneof(
  { weight: 6, arbitrary: nearMiss.map((each) => JSON.stringify(each)) },
  { weight: 2, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
);
const header = fc.oneof(
  fc.constantFrom('"v1"', '*', 'op-1', 'a b', ''),
  fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
);
const segment = fc.oneof(fc.constantFrom('a1', 'nobody', 'create', 'list', '%zz', '%2e%2e', '..'), fc.webSegment());
const path = fc.oneof(
  fc
    .tuple(segment, fc.constantFrom('', '/alter', '/rename', '/history', '/restore'))
    .map(([id, end]) => `/api/atome/${id}${end}`),
  fc.constantFrom('/api/atome/create', '/api/atome/list', '/api/sync/changes', '/api/sync/snapshot', '/api/sync/push'),
  fc.webPath(),
);
const query = fc
  .array(
    fc.tuple(
      fc.constantFrom(...PARAMETERS.split(' ')),
      fc.oneof(fc.constantFrom('1', '0', 'a1', 'id', 'true', '%'), fc.webQueryParameters()),
    ),
  )
  .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&'));
const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
  path,
  query,
  body,
  type: fc.constantFrom(
    'application/json',
    'application/merge-patch+json',
    'application/json-patch+json',
    'text/plain',
  ),
  tag: fc.option(header, { nil: undefined }),
  key: fc.option(header, { nil: undefined }),
});
const frame = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...MESSAGES.split(' ')),
        fc.option(fc.constantFrom(...OPERATIONS), { nil: undefined }),
        nearMiss,
      )
      .map(([type, operation, rest]) => JSON.stringify({ ...rest, type, ...(operation && { operation }) })),
  },
  { weight: 2, arbitrary: body },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) },
);

/** A refusal as every client may rely on it. */
function checkRefusal({ status, headers, body: problem }: Answer): void {
  expect(headers.get('content-type')).toContain('application/problem+json');
  const { code, detail } = problem as { code: ErrorCode; detail: string };
  expect(problem).toMatchObject({ success: false, status, error: detail });
  expect(ERRORS[code].status).toBe(status);
  expect(detail).toMatch(/\S+ \S+/);
}

describe('whatever is sent', () => {
  let server: TestApp;
  let socket: TestSocket;
  beforeAll(async () => {
    server = await startApp();
    await server.api.create({ title: 'safe' }, { id: 'a1' });
    socket = await server.connect();
  });
  afterAll(() => server.close());

  const head = async (): Promise<number> => (await server.api.get('/api/server-info')).body.seq as number;

  it('over REST is answered as the protocol says, and writes only what it answers with success', async () => {
    let expected = await head();
    await fc.assert(
      fc.asyncProperty(request, async ({ method, path: at, query: search, body: sent, type, tag, key }) => {
        const headers = {
          'content-type': type,
          ...(tag && { 'if-match': tag }),
          ...(key && { 'idempotency-key': key }),
        };
        const hasBody = method !== 'GET';
        const answer = await server.api.call(
          method,
          `${at}?${search}`,
          hasBody ? sent : undefined,
          hasBody ? headers : {},
        );
        expect(answer.status).toBeLessThan(500);
        if (answer.status >= 400) checkRefusal(answer);
        const now = await head();
        if (answer.status >= 400 || method === 'GET') expect(now).toBe(expected);
        expected = now;
      }),
      { numRuns: 2_000 },
    );
  });

  it('over WebSocket is answered or done, and the connection stays', async () => {
    await fc.assert(
      fc.asyncProperty(frame, async (sent) => {
        const before = socket.received.length;
        socket.send(sent);
        await socket.settled();
        const refused: Pick<ErrorBody, 'code' | 'message'>[] = [];
        for (const message of socket.received.slice(before)) {
          if (message.type === 'nack') refused.push(message.error);
          else if (message.type === 'error') refused.push(message);
        }
        for (const { code, message } of refused) {
          expect(code).not.toBe('internal');
          expect(new AtomeError(code, message).status).toBeLessThan(500);
          expect(message).toMatch(/\S+ \S+/);
        }
      }),
      { numRuns: 3_000 },
    );
    expect(socket.all('nack').map(({ error }) => error.code)).not.toContain('internal');
  });

  it('leaves a server that works', async () => {
    expect(await server.api.get('/health')).toMatchObject({ status: 200 });
    expect((await server.api.create()).version).toBe(1);
  });
});
