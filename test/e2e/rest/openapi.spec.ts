import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { login, register, tokensOf, WITH_ACCOUNTS } from '../../support/server/accounts.js';
import { WEBHOOK_ID } from '../../../src/http/openapi-examples.js';
import type { Tables } from '../../../src/database/tables.js';
import { LEDGER_STORE } from '../../../src/ledger/store.js';
import { startApp, type TestApp } from '../../support/server/app.js';

interface Media {
  readonly example?: unknown;
  readonly examples?: Record<string, { readonly value: unknown }>;
}
interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly description?: string;
  readonly required: boolean;
  readonly example?: string | number;
  readonly schema: { readonly example?: string | number; readonly default?: string | number };
}
interface Operation {
  readonly summary?: string;
  readonly tags?: string[];
  readonly parameters?: Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Record<string, Media> };
  readonly responses: Record<string, { readonly description: string }>;
}

/** Every call, in an order in which each can be made after those before it. */
const CALLS = [
  'POST /api/atome/create',
  'POST /api/atome/batch',
  'GET /api/atome/list',
  'GET /api/atome/{id}',
  'POST /api/atome/{id}/alter',
  'PUT /api/atome/{id}',
  'PATCH /api/atome/{id}',
  'POST /api/atome/{id}/rename',
  'GET /api/atome/{id}/history',
  'DELETE /api/atome/{id}',
  'POST /api/atome/{id}/restore',
  'POST /api/atome/{id}/share',
  'GET /api/sync/changes',
  'GET /api/sync/snapshot',
  'GET /api/sync/edge',
  'POST /api/sync/push',
  'POST /api/auth/ticket',
  'GET /api/server-info',
  'GET /api/schema',
  'POST /api/atome/{id}/erase',
  'GET /api/audit',
  'GET /api/clients',
  'DELETE /api/clients/{clientId}',
  'GET /api/explain',
  'GET /api/consumers',
  'GET /api/consumers/{name}/dead-letters',
  'POST /api/consumers/{name}/retry',
  'POST /api/consumers/{name}/skip',
  'POST /api/webhooks',
  'GET /api/webhooks',
  'GET /api/webhooks/{id}',
  'PATCH /api/webhooks/{id}',
  'POST /api/webhooks/{id}/rotate-secret',
  'POST /api/webhooks/{id}/test',
  'GET /api/webhooks/{id}/deliveries',
  'POST /api/webhooks/{id}/replay',
  'DELETE /api/webhooks/{id}',
  'GET /api/user-data/export',
  'DELETE /api/user-data/delete-all',
  'GET /api/sync/pull',
  'GET /api/atome/sync/pull',
  'POST /api/sync/ack',
  'GET /health',
  'GET /health/live',
  'GET /health/ready',
];

/** Those that write and take no body. */
const WITHOUT_BODY = [
  'POST /api/auth/ticket',
  'POST /api/webhooks/{id}/rotate-secret',
  'POST /api/webhooks/{id}/test',
  'DELETE /api/webhooks/{id}',
  'DELETE /api/clients/{clientId}',
];
const MAKES_SOMETHING = [CALLS[0], 'POST /api/webhooks'];

describe('the documentation of the REST calls', () => {
  let server: TestApp;
  let operations: Map<string, Operation>;
  beforeAll(async () => {
    server = await startApp();
    // what the examples speak of
    await server.app
      .get<Tables>(LEDGER_STORE, { strict: false })
      .transact(
        [`INSERT INTO atome_consumers (name, owner, expires_at) VALUES ('billing', '', 0)`],
        [`INSERT INTO atome_dead_letters VALUES ('billing', 'default', 12, 'a', 8, 'Error: no', 0, 0)`],
        [
          `INSERT INTO atome_webhooks VALUES (?, 'default', 'https://127.0.0.1/', 'null', 'null', '', 0, NULL, 'whsec_', NULL, 0, 'a', 0)`,
          WEBHOOK_ID,
        ],
        ['INSERT INTO atome_consumer_cursors VALUES (?, ?, 0, 0, 0, NULL)', WEBHOOK_ID, 'default'],
      );
    const { paths } = (await server.api.get('/api/openapi.json')).body as {
      paths: Record<string, Record<string, Operation>>;
    };
    operations = new Map(
      Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
      ),
    );
  });
  afterAll(() => server.close());

  const examplesOf = ({ example, examples }: Media): unknown[] =>
    examples ? Object.values(examples).map(({ value }) => value) : [example];
  const shown = ({ example, schema }: Parameter): string | number | undefined =>
    example ?? schema.example ?? schema.default;

  it('knows every call, and no other', () => {
    expect([...operations.keys()].sort()).toEqual([...CALLS].sort());
  });

  it.each(CALLS)('%s says what it is for, what it takes and what it answers', (call) => {
    const { summary, tags, parameters = [], requestBody, responses } = operations.get(call)!;
    expect(summary).toMatch(/\S/);
    expect(tags).toHaveLength(1);
    expect(Object.keys(responses)).toContainEqual(expect.stringMatching(/^2\d\d$/));
    expect(Object.values(responses)).toEqual(
      Object.values(responses).map(() => expect.objectContaining({ description: expect.stringMatching(/\S/) })),
    );
    for (const parameter of parameters) expect(parameter).toMatchObject({ description: expect.stringMatching(/\S/) });
    expect(parameters.filter((each) => each.required && shown(each) === undefined)).toEqual([]);
    for (const media of Object.values(requestBody?.content ?? {})) {
      expect(examplesOf(media)).not.toContain(undefined);
    }
    const takesBody = /^(?:POST|PUT|PATCH|DELETE) /.test(call) && !WITHOUT_BODY.includes(call);
    expect(requestBody !== undefined).toBe(takesBody);
  });

  it('shows examples that can be sent as they stand', async () => {
    // only the server names its connections
    const { clientId } = await (await server.connect()).next('welcome');
    // there is something to tell at an edge alone
    for (const call of CALLS.filter((each) => each !== 'GET /api/sync/edge')) {
      const { parameters = [], requestBody } = operations.get(call)!;
      const [method, path] = call.split(' ') as [string, string];
      let url = path;
      const query = new URLSearchParams();
      for (const parameter of parameters) {
        const value = parameter.name === 'clientId' ? clientId : shown(parameter);
        if (parameter.in === 'path') url = url.replace(`{${parameter.name}}`, String(value));
        else if (parameter.in === 'query' && value !== undefined) query.set(parameter.name, String(value));
      }
      if (query.size > 0) url += `?${query.toString()}`;
      const bodies = Object.entries(requestBody?.content ?? {}).flatMap(([type, media]) =>
        examplesOf(media).map((body) => ({ type, body })),
      );
      for (const { type, body } of bodies.length > 0 ? bodies : [{ type: undefined, body: undefined }]) {
        const { status, text } = await server.api.call(method, url, body, type ? { 'content-type': type } : {});
        expect({ call, body, status, text: status < 300 || text }).toEqual({
          call,
          body,
          status: MAKES_SOMETHING.includes(call) ? 201 : 200,
          text: true,
        });
      }
    }
  });

  it('shows an example that can be sent again', async () => {
    const { requestBody } = operations.get(CALLS[0]!)!;
    const [body] = examplesOf(requestBody!.content['application/json']!);
    expect(await server.api.post('/api/atome/create', body)).toMatchObject({ status: 201 });
  });
});

describe('the documentation of accounts', () => {
  it("shows bodies that can be sent, with tokens of one's own", async () => {
    const server = await startApp(WITH_ACCOUNTS);
    try {
      const { paths } = (await server.api.get('/api/openapi.json')).body as {
        paths: Record<string, Record<string, Operation>>;
      };
      const bodyOf = (name: string, method = 'post'): object => {
        const { examples = {} } = paths[`/api/auth/${name}`]![method]!.requestBody!.content['application/json']!;
        return Object.values(examples)[0]!.value as object;
      };
      const { identifier, password } = bodyOf('login') as { identifier: string; password: string };
      expect((await server.api.post('/api/auth/register', bodyOf('register'))).status).toBe(201);
      const { accessToken, refreshToken } = tokensOf(await login(server.api, identifier, password));
      const alice = server.api.as(accessToken);
      expect(bodyOf('refresh')).toEqual({ refreshToken: expect.stringMatching(/^[\w-]{86}$/) });
      expect((await server.api.post('/api/auth/refresh', { refreshToken })).status).toBe(200);
      expect((await alice.post('/api/auth/change-password', bodyOf('change-password'))).status).toBe(200);
      expect((await alice.post('/api/auth/logout', bodyOf('logout'))).status).toBe(200);
      const bob = await register(server.api, 'bob', password);
      const gone = bodyOf('delete-account', 'delete');
      expect((await server.api.as(bob.accessToken).delete('/api/auth/delete-account', gone)).status).toBe(200);
    } finally {
      await server.close();
    }
  });
});
