import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';

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
  'GET /api/atome/list',
  'GET /api/atome/{id}',
  'POST /api/atome/{id}/alter',
  'PUT /api/atome/{id}',
  'PATCH /api/atome/{id}',
  'POST /api/atome/{id}/rename',
  'GET /api/atome/{id}/history',
  'DELETE /api/atome/{id}',
  'POST /api/atome/{id}/restore',
  'GET /api/sync/changes',
  'GET /api/sync/snapshot',
  'POST /api/sync/push',
  'GET /api/server-info',
  'POST /api/atome/{id}/erase',
  'GET /api/audit',
  'GET /api/user-data/export',
  'DELETE /api/user-data/delete-all',
  'GET /health',
  'GET /health/live',
  'GET /health/ready',
];

describe('the documentation of the REST calls', () => {
  let server: TestApp;
  let operations: Map<string, Operation>;
  beforeAll(async () => {
    server = await startApp();
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
    expect(requestBody !== undefined).toBe(/^(?:POST|PUT|PATCH|DELETE) /.test(call));
  });

  it('shows examples that can be sent as they stand', async () => {
    for (const call of CALLS) {
      const { parameters = [], requestBody } = operations.get(call)!;
      const [method, path] = call.split(' ') as [string, string];
      let url = path;
      const query = new URLSearchParams();
      for (const parameter of parameters) {
        const value = shown(parameter);
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
          status: call === CALLS[0] ? 201 : 200,
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
