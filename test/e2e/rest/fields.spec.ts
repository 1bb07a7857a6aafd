import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { parseProjection, projectedText } from '../../../src/application/projection.js';
import { LEDGER_STORE, type LedgerStore } from '../../../src/ledger/store.js';
import type { TestApp } from '../../support/server/app.js';
import { DATABASES } from '../../support/databases/databases.js';
import { startOn } from '../../support/server/server-on.js';

const DATA = { title: 'A', deep: { n: 1.5, list: [1], none: null }, "it's": 'ü😀', 'a b': '' };

describe.each(DATABASES)('fields of an atome, on %s', (_database, create) => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startOn(create);
    await server.api.create(DATA, { id: 'a', type: 'memo', meta: { tags: ['x'] } });
    await server.api.create({ toString: { x: 1 } }, { id: 'b' });
    await server.api.put('/api/atome/b', { data: { toString: { x: 2 } } });
    await server.api.post('/api/atome/b/share', { access: 'private' });
  });
  afterAll(() => server.close());

  const encoded = (fields: string): string => encodeURIComponent(fields);
  const of = async (fields: string, id = 'a', more = ''): Promise<unknown> => {
    const { body, status } = await server.api.get(`/api/atome/${id}?fields=${encoded(fields)}${more}`);
    expect(status).toBe(200);
    return body.atome;
  };

  it.each([
    ['id', { id: 'a' }],
    ['version,id,id', { id: 'a', version: 1 }],
    ['data.title,meta,type', { type: 'memo', data: { title: 'A' }, meta: { tags: ['x'] } }],
    ['data', { data: DATA }],
    ['data.title,data', { data: DATA }],
    ['data,data.title', { data: DATA }],
    ['data.deep.n,data.deep.none', { data: { deep: { n: 1.5, none: null } } }],
    ['data.deep.list,data.deep', { data: { deep: DATA.deep } }],
    [`data.it's,data.a b`, { data: { "it's": 'ü😀', 'a b': '' } }],
    ['data.none,data.title.x,data.deep.list.0,meta.tags', { data: { deep: {} }, meta: { tags: ['x'] } }],
    ['data.valueOf,data.constructor', { data: {} }],
    ['parentId,deletedAt,access', { parentId: null, deletedAt: null }],
  ])('%s are %j', async (fields, expected) => {
    expect(await of(fields)).toEqual(expected);
    const { body } = await server.api.get(`/api/atome/list?kind=note&sort=id&limit=1&fields=${encoded(fields)}`);
    expect(body).toMatchObject({ data: [expected], total: 2 });
    expect((body.data as unknown[])[0]).toEqual(expected);
    expect(await of(fields, 'a', '&version=1')).toEqual(expected);
  });

  it('have keys that objects have not by themselves, and rights', async () => {
    const { text } = await server.api.get('/api/atome/b?fields=access,data.toString.x');
    expect(text).toBe('{"success":true,"atome":{"data":{"toString":{"x":2}},"access":"private"}}');
    const old = await server.api.get('/api/atome/b?fields=access,data.toString.x&version=1');
    expect(old.text).toBe('{"success":true,"atome":{"data":{"toString":{"x":1}}}}');
  });

  it('come with the entity tag of the whole', async () => {
    const whole = await server.api.get('/api/atome/a');
    const some = await server.api.get('/api/atome/a?fields=id');
    const etag = some.headers.get('etag')!;
    expect(etag).toBe(whole.headers.get('etag'));
    expect(await server.api.get('/api/atome/a?fields=id', { 'if-none-match': etag })).toMatchObject({ status: 304 });
    const written = await server.api.put('/api/atome/a', { meta: { tags: ['x'] } }, { 'if-match': etag });
    expect(written.status).toBe(200);
  });

  it.each(['/api/atome/a?', '/api/atome/list?'])('are refused where there are none: %s', async (path) => {
    for (const [fields, message] of [
      ['', '"" is no field'],
      ['title', '"title" is no field; there are data.<key>'],
      ['id,clocks', '"clocks" is no field'],
      ['data.', 'has a key that is empty'],
      ['readers', '"readers" is no field'],
      [Array.from({ length: 51 }, (_, n) => `data.f${n}`).join(), 'may name at most 50 fields'],
    ] as const) {
      const { status, body } = await server.api.get(`${path}fields=${encoded(fields)}`);
      expect({ status, detail: body.detail }).toEqual({ status: 400, detail: expect.stringContaining(message) });
      expect(body.detail).toMatch(/^fields /);
    }
  });

  it('take a document apart only where some of its keys are wanted', async () => {
    const store = server.app.get<LedgerStore>(LEDGER_STORE, { strict: false });
    const row = (await store.ledger('default').atomes.get('a'))!;
    const [plain, keyed] = [parseProjection('id,data,meta,version,updatedAt'), parseProjection('data.title,meta')];
    const parse = jest.spyOn(JSON, 'parse');
    projectedText(row, plain);
    expect(parse).not.toHaveBeenCalled();
    projectedText(row, keyed);
    expect(parse.mock.calls).toEqual([['{"title":"A"}']]);
    parse.mockRestore();
  });
});
