import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OriginalAdapter } from '../support/original-client.js';
import { startApp, type TestApp } from '../support/server/app.js';

describe('a query in the original client’s words', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp();
    for (const id of ['a', 'b', 'c']) await server.api.create({ n: 1 }, { id });
  });
  afterAll(() => server.close());

  it.each([
    ['user-data/export?kinds=a&kinds=b', 'kinds'],
    ['user-data/export?kinds=', 'kinds'],
    ['user-data/export?kinds[]=a', 'kinds[]'],
    ['user-data/export?format=json&format=json', 'format'],
    ['user-data/export?format=json&x=1', 'x'],
    ['sync/pull?since[]=1', 'since[]'],
    ['sync/pull?colour=red', 'colour'],
    ['sync/pull?since=2026-02-30', 'since'],
    ['atome/sync/pull?since=2026-02-30', 'since'],
    ['atome/sync/pull?limit=5', 'limit'],
    ['sync/changes?since=2026-01-01&ids=a', 'ids'],
    ['sync/changes?since=2026-01-01&colour=red', 'colour'],
    ['sync/changes?since=2026-01-01&epoch=x', 'epoch'],
    ['atome/list?offset=2e1', 'offset'],
    ['atome/list?offset=0x14', 'offset'],
    ['atome/list?offset=%2020', 'offset'],
    ['atome/list?offset=', 'offset'],
    ['atome/list?offset=-20', 'offset'],
    ['atome/list?offset=7', 'offset'],
    ['atome/list?offset=20&limit=0', 'limit'],
    ['atome/list?toString=x', 'toString'],
    ['atome/list?constructor=x', 'constructor'],
  ])('%s is refused for its parameter %s', async (path, parameter) => {
    const { status, body } = await server.api.get(`/api/${path}`);
    expect([status, body]).toEqual([400, expect.objectContaining({ code: 'invalid' })]);
    const { errors } = body as { errors: { path: string }[] };
    expect(errors.map((each) => each.path)).toEqual([parameter]);
  });

  it('cannot ask for a stream from a time on', async () => {
    const answer = await server.api.get('/api/sync/changes?since=2026-01-01', { accept: 'text/event-stream' });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'since' }] } });
  });

  it('skips whole pages, and pulls since a time or all that is pending', async () => {
    expect((await server.api.get('/api/atome/list?offset=2&limit=1')).body).toMatchObject({ page: 3 });
    for (const path of ['sync/pull?since=2020-01-01T00:00:00Z', 'atome/sync/pull?since=1', 'atome/sync/pull']) {
      expect((await server.api.get(`/api/${path}`)).body).toMatchObject({ success: true });
    }
  });
});

describe('a list in the original client’s words', () => {
  let server: TestApp;
  let client: OriginalAdapter;
  beforeAll(async () => {
    server = await startApp();
    client = new OriginalAdapter(server.url);
    const operations = Array.from({ length: 503 }, (_, n) => ({
      opId: `o${n}`,
      operation: 'create',
      atomeId: `a${n}`,
      kind: 'note',
      data: {},
    }));
    await server.api.post('/api/sync/push', { operations });
  });
  afterAll(() => server.close());

  it.each(['limit=1000', 'limit=501', 'limit=1000&offset=0', 'limit=1000&page=1', 'limit=1000&kind=note'])(
    'gets as many as a page holds, and is told that there are more: %s',
    async (query) => {
      const told = await client.call('GET', `/api/atome/list?${query}`);
      expect(told).toMatchObject({ status: 200, total: 503, pages: 2, nextCursor: expect.any(String) });
      expect(told.data).toHaveLength(500);
    },
  );

  it('goes on by page and by cursor, and leaves none out', async () => {
    const first = await client.call('GET', '/api/atome/list?limit=1000');
    for (const query of ['page=2', `cursor=${first.nextCursor as string}`]) {
      expect((await client.call('GET', `/api/atome/list?limit=1000&${query}`)).data).toHaveLength(3);
    }
  });

  it('is refused where it would leave some out, or asks for no number', async () => {
    for (const query of ['limit=1000&offset=1000', 'limit=1000&offset=500', 'limit=1e3', 'limit=0', 'limit=']) {
      const told = await client.call('GET', `/api/atome/list?${query}`);
      expect({ query, ...told }).toMatchObject({ query, status: 400, errors: [{ path: 'limit' }] });
    }
  });

  it('is that of the server where it does not say that it is JSON', async () => {
    expect(await server.api.get('/api/atome/list?limit=1000')).toMatchObject({ status: 400 });
  });
});

describe('a refusal of the original client’s words', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp();
    await server.api.create({ n: 1 }, { id: 'a' });
  });
  afterAll(() => server.close());

  it.each([
    ['PUT', '/api/atome/a', `{"v":{"__proto__":1}}`, 'v'],
    ['PUT', '/api/atome/a', `{"kind":"a b","v":1}`, 'kind'],
    ['PUT', '/api/atome/a', `{"id":"a","properties":{"v":{"__proto__":1}}}`, 'properties.v'],
    ['POST', '/api/atome/create', `{"kind":"note","properties":{"v":{"__proto__":1}}}`, 'properties.v'],
    ['POST', '/api/atome/create', `{"kind":"note","snapshot":{"v":{"__proto__":1}}}`, 'snapshot.v'],
    ['POST', '/api/atome/create', `{"kind":"note","data":{},"parent":"a b"}`, 'parent'],
    ['POST', '/api/atome/create', `{"kind":"note","data":{},"parent_id":"a b"}`, 'parent_id'],
    ['POST', '/api/atome/a/alter', `{"operation":"rename","newName":7}`, 'newName'],
  ])('%s %s %s names %s', async (method, path, body, name) => {
    const answer = await server.api.call(method, path, body);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: name }] } });
    const { detail, error } = answer.body as { detail: string; error: string };
    expect([detail.split(' ')[0], error]).toEqual([name, detail]);
  });

  it('names the fields of what was pushed', async () => {
    const atomes = [{ id: 'b', kind: 'note', parent: 'a b', properties: {} }];
    const { body } = await server.api.post('/api/sync/push', { atomes });
    expect(body).toMatchObject({ conflicts: [{ id: 'b', error: expect.stringMatching(/^parent must/) }] });
  });
});

describe('a write in the original client’s words', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp();
    for (const id of ['a', 'b', 'erased']) await server.api.create({ n: 1 }, { id });
    await server.api.post('/api/atome/erased/erase');
    await server.api.delete('/api/atome/b');
  });
  afterAll(() => server.close());

  it.each(['2026-02-30T00:00:00Z', '2026-13-01', 'garbage', {}, -1])(
    'is refused by name where it was made at %j, and spoils no other',
    async (time) => {
      const atomes = [
        { id: 'dated', kind: 'note', data: {}, updated_at: time },
        { id: 'a', kind: 'note', data: { n: 1 }, updatedAt: '2026-01-31T12:00:00Z' },
      ];
      expect((await server.api.post('/api/sync/push', { atomes })).body).toMatchObject({
        syncedIds: ['a'],
        conflicts: [{ id: 'dated', code: 'invalid', error: expect.stringContaining('updated_at') }],
      });
      expect((await server.api.get('/api/atome/dated')).status).toBe(404);
    },
  );

  it('takes what is gone already for synced, and what was erased for that', async () => {
    const atomes = ['b', 'erased', 'nobody'].map((id) => ({ id, deleted: true, updatedAt: '2026-01-31 12:00:00' }));
    const again = { id: 'erased', kind: 'note', data: { n: 1 }, updatedAt: '2026-01-31 12:00:00' };
    const { body } = await server.api.post('/api/sync/push', { atomes: [...atomes, again] });
    expect(body).toMatchObject({ syncedIds: ['b', 'erased', 'nobody'], conflicts: [], erasedIds: ['erased'] });
  });

  it.each([{ success: true, atome: {} }, { version: 7 }, { deleted: true }])(
    'is no content where it is what an answer tells: %j',
    async (body) => {
      const { status, body: told } = await server.api.put('/api/atome/a', body);
      expect([status, told.code]).toEqual([400, 'invalid']);
      expect((await server.api.get('/api/atome/a')).body.atome).toMatchObject({ data: { n: 1 } });
    },
  );
});
