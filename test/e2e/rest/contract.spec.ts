import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tokenOf } from '../../support/server/tokens.js';
import { WITH_ACCOUNTS } from '../../support/server/accounts.js';
import { bearer } from '../../support/clients/api.js';
import { startApp, type TestApp } from '../../support/server/app.js';
import { ID, PATHS, type PathRow } from '../../support/http-table.js';
import { Contract, type ApiDocument, type DocumentedOperation, type RealAnswer } from '../../support/openapi.js';

/** What is a file, or the documentation itself. */
const NO_CALL = /^\/(?:api\/(?:docs|async|openapi)|ws\/|$|index|console|client|examples)/;
const CALLS = Object.entries(PATHS).filter(([path]) => !NO_CALL.test(path));
/** Refusals that may come of any call: they are told by the ranges of the document. */
const ANY_CALL = [400, 405, 412, 415, 417, 429, 431];

const servers = { 'without authentication': {}, 'with accounts': WITH_ACCOUNTS };

describe.each(Object.entries(servers))('the document of OpenAPI, %s', (_name, environment) => {
  let server: TestApp;
  let contract: Contract;
  const headers = environment === WITH_ACCOUNTS ? bearer(tokenOf('admin')) : {};
  beforeAll(async () => {
    server = await startApp(environment);
    contract = new Contract((await server.api.get('/api/openapi.json')).body as unknown as ApiDocument);
    await send('POST', '/api/atome/create', { id: ID, kind: 'note', data: { a: 1 } });
  });
  afterAll(() => server.close());

  const isThere = (path: string): boolean => environment === WITH_ACCOUNTS || !/auth\/(?!ticket)/.test(path);
  const operationOf = (path: string, method: string): DocumentedOperation =>
    contract.document.paths[path.replace(/:(\w+)/g, '{$1}')]![method.toLowerCase()]!;

  /** Makes an atome in the place of that of the table; what is erased stays so. */
  async function fresh(at: string): Promise<string> {
    const id = `${ID}-${randomUUID()}`;
    await send('POST', '/api/atome/create', { id, kind: 'note', data: { a: 1 } });
    return at.replace(ID, id);
  }

  /** The answer, of one without an end its beginning. */
  async function send(
    method: string,
    path: string,
    body?: unknown,
    more: Record<string, string> = {},
  ): Promise<RealAnswer> {
    const client = new AbortController();
    const type = method === 'PATCH' && !path.includes('webhooks') ? 'application/merge-patch+json' : 'application/json';
    const response = await fetch(server.url + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': type }), ...headers, ...more },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: client.signal,
    });
    const isEndless = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    const text = isEndless ? await untilLive(response) : await response.text();
    client.abort();
    return { status: response.status, headers: response.headers, text };
  }

  async function untilLive(response: Response): Promise<string> {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body!) {
      text += decoder.decode(chunk, { stream: true });
      if (text.includes('event: sync:live') && text.endsWith('\n\n')) return text;
    }
    return text;
  }

  function check(operation: DocumentedOperation, answer: RealAnswer): void {
    const { status, text } = answer;
    const errors = contract.errorsOfAnswer(operation, answer);
    expect({ status, text: errors.length > 0 ? text : '', errors }).toEqual({ status, text: '', errors: [] });
    const isNamed = operation.responses[status] !== undefined || ANY_CALL.includes(status);
    expect(isNamed || `${status} of ${operation.operationId}: ${text}`).toBe(true);
  }

  it('knows every call of the table, and no other', () => {
    const table = CALLS.filter(([path]) => isThere(path)).flatMap(([path, { methods }]) =>
      methods
        .filter((method) => method !== 'HEAD')
        .map((method) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}')}`),
    );
    expect(
      contract
        .operations()
        .map(([name]) => name)
        .sort(),
    ).toEqual(table.sort());
  });

  it('has a name of its own for each call, a schema for each answer, and examples that fit them', () => {
    const operations = contract.operations();
    const names = operations.map(([, { operationId }]) => operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const [name, { responses, requestBody, parameters = [] }] of operations) {
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['4XX', '5XX']));
      // Swagger UI would send what stands as an example of a filter
      const filters = parameters.filter((parameter) => parameter.in === 'query' && !parameter.required);
      expect(filters.filter((parameter) => 'example' in { ...parameter, ...parameter.schema })).toEqual([]);
      const contents = [...Object.entries(responses), ['body', requestBody] as const];
      for (const [status, response] of contents) {
        for (const [type, media] of Object.entries(response?.content ?? {})) {
          const examples = [
            ...(media.example === undefined ? [] : [media.example]),
            ...Object.values(media.examples ?? {}).map(({ value }) => value),
          ];
          const errors = examples.flatMap((example) =>
            typeof example === 'string' ? [] : contract.errorsOf(media.schema, example),
          );
          expect({ name, status, type, errors, schema: media.schema }).toEqual({
            name,
            status,
            type,
            errors: [],
            schema: expect.anything(),
          });
        }
      }
    }
  });

  it('refers to nothing that it does not define, and defines nothing that it does not refer to', () => {
    const { components } = contract.document;
    const refs = new Set(
      [...JSON.stringify(contract.document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name),
    );
    expect([...refs].sort()).toEqual(Object.keys(components.schemas).sort());
    const schemes = contract
      .operations()
      .flatMap(([, { security = [] }]) => security.flatMap((each) => Object.keys(each)));
    expect([...new Set(schemes)].sort()).toEqual(Object.keys(components.securitySchemes ?? {}).sort());
    expect(schemes.length > 0).toBe(environment === WITH_ACCOUNTS);
  });

  describe.each(CALLS.filter(([path]) => isThere(path)))('%s', (path, row: PathRow) => {
    if (row.methods.includes('GET')) {
      it.each(Object.keys(row.types!))('says what it answers, where Accept is "%s"', async (accept) => {
        check(operationOf(path, 'GET'), await send('GET', row.at, undefined, accept === '' ? {} : { accept }));
      });

      it.each(Object.keys({ ...row.queries, 'x=1': 400 }))('says what it answers to ?%s', async (query) => {
        const waitless = query.replace('wait=60', 'wait=0');
        check(operationOf(path, 'GET'), await send('GET', `${row.at}?${waitless}`));
      });
    }

    if (row.writes)
      it.each(Object.entries(row.writes))('says what it answers to %s', async (method, [body, good]) => {
        const at = await fresh(row.at);
        const operation = operationOf(path, method);
        check(operation, await send(method, at, body, { 'if-match': '"x"' }));
        check(operation, await send(method, at, '{', {}));
        check(operation, await send(method, at, '{}', { 'content-type': 'text/plain' }));
        check(operation, await send(method, at, { [path]: 1 }));
        const answer = await send(method, await fresh(row.at), body);
        expect([answer.status, answer.text]).toEqual([good, answer.text]);
        check(operation, answer);
      });

    it('says what it answers without a token, and with one that is not enough', async () => {
      if (environment !== WITH_ACCOUNTS) return;
      for (const method of row.methods.filter((each) => each !== 'HEAD')) {
        const body = method === 'GET' ? undefined : row.writes?.[method]?.[0];
        for (const authorization of ['', `Bearer ${tokenOf('nobody', { roles: [] })}`]) {
          check(operationOf(path, method), await send(method, row.at, body, { authorization }));
        }
      }
    });
  });

  it('says what all that is told of an atome looks like, whatever was done to it', async () => {
    const create = { kind: 'note', type: 'memo', data: { a: 1, list: [] }, meta: { tags: ['x'] } };
    const [under] = (await fresh(ID)).split('/');
    const id = `whole-${randomUUID()}`;
    const made = (name: string, method: string, path: string, body?: unknown, more?: Record<string, string>) =>
      send(method, path.replace(':id', id), body, more).then((answer) => check(operationOf(name, method), answer));
    const key = { 'idempotency-key': randomUUID() };
    await made('/api/atome/create', 'POST', '/api/atome/create', { id, ...create, access: 'private' }, key);
    await made('/api/atome/create', 'POST', '/api/atome/create', { id, ...create, access: 'private' }, key);
    await made('/api/atome/create', 'POST', '/api/atome/create', { id, kind: 'other', data: {} });
    await made(
      '/api/atome/create',
      'POST',
      '/api/atome/create',
      { ...create, parentId: 'nobody', access: 'inherit' },
      key,
    );
    const alter = '/api/atome/:id/alter';
    for (const body of [
      { operation: 'update', changes: { b: { c: [null, 1.5, 'x'] } }, reason: 'why' },
      { operation: 'patch', changes: { a: null } },
      { operation: 'patch', changes: [{ op: 'add', path: '/list/-', value: 1 }] },
      { operation: 'patch', changes: [{ op: 'test', path: '/list', value: 1 }] },
      { operation: 'rename', changes: { name: 'n' } },
      { operation: 'tag', changes: { tags: ['t'] } },
      { operation: 'update', changes: { b: 1 } },
      { operation: 'update', changes: { b: 1 } },
      { operation: 'none' },
    ]) {
      await made(alter, 'POST', alter, body);
    }
    await made('/api/atome/:id', 'PUT', '/api/atome/:id', { kind: 'task', parentId: under, meta: {}, type: null });
    await made('/api/atome/:id/rename', 'POST', '/api/atome/:id/rename', { newName: 'm' });
    await made('/api/atome/:id/share', 'POST', '/api/atome/:id/share', { access: 'inherit' });
    await made('/api/atome/:id/share', 'POST', '/api/atome/:id/share', { access: { read: ['*'], write: ['bob'] } });
    await made('/api/atome/:id', 'DELETE', '/api/atome/:id');
    await made(alter, 'POST', alter, { operation: 'update', changes: {} });
    await made('/api/atome/:id', 'GET', '/api/atome/:id');
    await made('/api/atome/:id/restore', 'POST', '/api/atome/:id/restore', { version: 2 });
    await made('/api/sync/push', 'POST', '/api/sync/push', {
      operations: [{ opId: 'a', operation: 'tag', atomeId: id, changes: { tags: [] } }, { opId: 'b' }],
    });
    await made('/api/atome/batch', 'POST', '/api/atome/batch', {
      operation: 'update',
      ids: [id, 'no'],
      changes: { z: 1 },
    });
    const lines = { accept: 'application/x-ndjson' };
    await made(
      '/api/atome/batch',
      'POST',
      '/api/atome/batch',
      { operation: 'update', ids: [id, 'no'], changes: { z: 2 } },
      lines,
    );
    await everything();
    await made('/api/atome/:id/erase', 'POST', '/api/atome/:id/erase', {});
    await everything();

    async function everything(): Promise<void> {
      await made('/api/atome/:id/history', 'GET', '/api/atome/:id/history?limit=100');
      await made('/api/atome/:id', 'GET', '/api/atome/:id?version=2&fields=id,data.a');
      await made('/api/atome/:id', 'GET', '/api/atome/:id?at=1');
      await made('/api/atome/list', 'GET', '/api/atome/list?includeDeleted=true&limit=500&where[data.a]=1');
      await made('/api/atome/list', 'GET', '/api/atome/list?fields=kind,meta.tags&count=false');
      await made('/api/sync/changes', 'GET', '/api/sync/changes?since=0&limit=1000');
      await made('/api/sync/changes', 'GET', '/api/sync/changes?since=0', undefined, { accept: 'text/event-stream' });
      await made('/api/sync/snapshot', 'GET', '/api/sync/snapshot');
      await made('/api/sync/pull', 'GET', '/api/sync/pull');
      await made('/api/audit', 'GET', '/api/audit', undefined, lines);
      await made('/api/user-data/export', 'GET', '/api/user-data/export');
      await made('/api/user-data/export', 'GET', '/api/user-data/export', undefined, { accept: 'application/json' });
    }
  });
});
