import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestApp } from '../../support/server/app.js';
import { DATABASES } from '../../support/databases/databases.js';
import { startOn } from '../../support/server/server-on.js';

const LIST = '/api/atome/list';
const CHANGES = '/api/sync/changes';
const NUMBER = 'must be a whole number from 1 to 500, in digits alone';
const TWICE = 'is given more than once; give it once, and where it takes a list, with commas between';
const NAME = 'must be 1–64 characters of A–Z a–z 0–9 _ . : -';

/* Each is refused for one reason, in one sentence that says what to do. */
const SENTENCES: readonly (readonly [path: string, query: string, detail: string])[] = [
  [LIST, 'limit=-1', `limit ${NUMBER}`],
  [LIST, 'limit=501', `limit ${NUMBER}`],
  [LIST, 'limit=1e2', `limit ${NUMBER}`],
  [LIST, 'limit=0x10', `limit ${NUMBER}`],
  [LIST, 'limit=1.0', `limit ${NUMBER}`],
  [LIST, 'limit=%201', `limit ${NUMBER}`],
  [LIST, 'limit=+1', `limit ${NUMBER}`],
  [LIST, 'limit=', `limit ${NUMBER}; it is empty: leave it out, or give it a value`],
  [LIST, 'limit=1,2', `limit ${NUMBER}; it takes one value, not a list`],
  [LIST, 'page=0', 'page must be a whole number of at least 1, in digits alone'],
  [LIST, 'kind=a&kind=b', `kind ${TWICE}`],
  [LIST, 'kind=a&kind=', `kind ${TWICE}`],
  [LIST, 'kind[]=a', 'kind[] is not a parameter here; write kind=… without brackets'],
  [LIST, 'kind[a]=b', 'kind[a] is not a parameter here; write kind=… without brackets'],
  [LIST, 'kind=a,b', `kind ${NAME}; it takes one value, not a list`],
  [LIST, 'kind=', `kind ${NAME}; it is empty: leave it out, or give it a value`],
  [
    LIST,
    'sort=title',
    'sort "title" is no field; there are data.<key>, meta.<key>, id, kind, type, parentId, ownerId, version, createdAt, updatedAt, deletedAt',
  ],
  [LIST, 'sort=id&sort=kind', `sort ${TWICE}`],
  [LIST, 'colour=red', 'colour is not a parameter here'],
  [LIST, 'limit=0&colour=red', `colour is not a parameter here; limit ${NUMBER}`],
  [CHANGES, 'kinds=a&kinds=b', `kinds ${TWICE}`],
  [CHANGES, 'since=1&since=1', `since ${TWICE}`],
  [CHANGES, 'since=-1', 'since must be a whole number of at least 0, in digits alone'],
  [CHANGES, 'wait=61', 'wait must be a whole number from 0 to 60, in digits alone'],
  ['/api/audit', 'limit=-1', `limit ${NUMBER}`],
  ['/api/audit', 'from=2026-02-30', 'from names a day that is not in the calendar'],
  [
    '/api/audit',
    'to=2026-01-31T12:00:00+01:00',
    'to has a space where its zone begins; write the + of the zone as %2B',
  ],
  ['/api/atome/a1', 'at=2026-01-31T12:00:00', 'at has no zone; add Z for UTC, or the zone such as %2B01:00'],
  ['/api/audit', 'from=2026-01-31T12:00', 'from has no zone; add Z for UTC, or the zone such as %2B01:00'],
  ['/api/audit', 'to=2026-01-31T12:00:00.5', 'to has no zone; add Z for UTC, or the zone such as %2B01:00'],
  ['/api/server-info', 'colour=red', 'colour is not a parameter here'],
  ['/api/server-info', 'colour[]=red&x=1', 'colour[] is not a parameter here; x is not a parameter here'],
  ['/api/schema', 'kind=note', 'kind is not a parameter here'],
  ['/api/atome/a1', 'at=2025-02-29T00:00:00Z', 'at names a day that is not in the calendar'],
  ['/api/atome/a1/history', 'limit=0', `limit ${NUMBER}`],
];

describe.each(DATABASES)('a query, on %s,', (_database, create) => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startOn(create);
    for (const id of ['a1', 'a2', 'a3', 'a4']) await server.api.create({ text: id }, { id });
  });
  afterAll(() => server.close());

  it.each(SENTENCES)('GET %s?%s is told: %s', async (path, query, detail) => {
    expect(await server.api.get(`${path}?${query}`)).toMatchObject({ status: 400, body: { code: 'invalid', detail } });
  });

  it.each(['limit=1', 'kinds=note,task', 'since=003', 'ids=a1,a2', 'wait=0'])('%s is good', async (query) => {
    expect(await server.api.get(`${CHANGES}?${query}`)).toMatchObject({ status: 200 });
  });

  it.each(['from=2026-01-31T12:00:00%2B01:00', 'to=9999-12-31T23:59:59.999Z', 'from=2024-02-29'])(
    'audit takes %s',
    async (query) => {
      expect(await server.api.get(`/api/audit?${query}`)).toMatchObject({
        status: 200,
        body: { data: [{}, {}, {}, {}] },
      });
    },
  );

  describe('with the cursor of a list', () => {
    const first = 'kind=note&sortBy=id&sortOrder=asc&limit=2';
    const cursorOf = async (query: string): Promise<string> =>
      String((await server.api.get(`${LIST}?${query}`)).body.nextCursor);

    it('goes on, also with another limit', async () => {
      const cursor = await cursorOf(first);
      const next = await server.api.get(`${LIST}?${first.replace('limit=2', 'limit=1')}&cursor=${cursor}`);
      expect(next.body).toMatchObject({ data: [{ id: 'a3' }] });
    });

    it.each([
      ['sortOrder', first.replace('asc', 'desc')],
      ['sortBy', first.replace('sortBy=id', 'sortBy=kind')],
      ['filters', first.replace('note', 'task')],
      ['filters', first.replace('kind=note&', '')],
      ['sort', first.replace('sortBy=id&sortOrder=asc', 'sort=id')],
      ['filters', `${first}&search=a`],
      ['filters', `${first}&parentId=null`],
      ['filters', `${first}&includeDeleted=true`],
    ])('is refused for another list, and told of %s: %s', async (word, query) => {
      const { status, body } = await server.api.get(`${LIST}?${query}&cursor=${await cursorOf(first)}`);
      expect({ status, detail: body.detail }).toEqual({ status: 400, detail: expect.stringContaining(word) });
    });

    it.each([
      ['sort=-data.text', 'sort=data.text'],
      ['sort=data.text', 'sort=data.text,id'],
      ['sort=data.text', 'sortBy=id'],
      ['sort=data.text', 'sort=data.text&kind=note'],
    ])('is refused where that of %s is used with %s', async (one, other) => {
      const cursor = await cursorOf(`${one}&limit=2`);
      const { status, body } = await server.api.get(`${LIST}?${other}&limit=2&cursor=${cursor}`);
      expect({ status, body }).toMatchObject({ status: 400, body: { code: 'invalid' } });
    });

    it.each([
      [['x', null], 'a1'],
      [[5, '\0'], 'a1'],
      [[5, 'x'.repeat(129)], 'a1'],
      [[4, 'x'], 'a1'],
      [[0, null], '\0'],
      [[7, null], 'a1'],
      [null, 'a1'],
    ])('is refused where somebody has made it: %j, %j', async (value, id) => {
      const [key, , , digest] = JSON.parse(
        Buffer.from(await cursorOf('sort=data.text&limit=2'), 'base64url').toString(),
      ) as unknown[];
      const forged = Buffer.from(JSON.stringify([key, [value], id, digest])).toString('base64url');
      const { status, body } = await server.api.get(`${LIST}?sort=data.text&limit=2&cursor=${forged}`);
      expect({ status, body }).toMatchObject({ status: 400, body: { code: 'invalid' } });
    });

    it('goes on with one of an older server, which names no order', async () => {
      const old = Buffer.from(JSON.stringify(['id', 'a2', 'a2'])).toString('base64url');
      expect((await server.api.get(`${LIST}?${first}&cursor=${old}`)).body).toMatchObject({
        data: [{ id: 'a3' }, { id: 'a4' }],
      });
    });
  });
});
