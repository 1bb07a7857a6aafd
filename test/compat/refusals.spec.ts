import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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
