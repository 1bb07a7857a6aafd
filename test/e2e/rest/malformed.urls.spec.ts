import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestApp } from '../../support/server/app.js';
import { DATABASES } from '../../support/databases/databases.js';
import { startOn } from '../../support/server/server-on.js';

const NO_EPOCH = '00000000-0000-4000-8000-000000000000';
const cursor = (...parts: unknown[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url');
const SENTENCE = /^\S+(?: \S+){2,}/s;

const QUERIES: readonly (readonly [path: string, status: number, code: string, queries: readonly string[]])[] = [
  [
    '/api/atome/list',
    400,
    'invalid',
    [
      'limit=0',
      'limit=501',
      'limit=1e9',
      'limit=-1',
      'limit=ten',
      'limit=1.5',
      'limit=NaN',
      'limit=Infinity',
      'limit=',
      'limit=1&limit=2',
      'page=0',
      'page=9007199254740993',
      'page=1e999',
      'sortBy=colour',
      'sortBy=',
      'sortBy=__proto__',
      'sortOrder=up',
      'count=yes',
      'count=true&count=true',
      'includeDeleted=1',
      'kind=a%20b',
      'kind=',
      'kind[]=note',
      'kind[a]=b',
      'kind=a&kind=b',
      'parentId=a/b',
      `search=${'s'.repeat(201)}`,
      'search=a&search=b',
      'colour=red',
      'cursor=garbage',
      'cursor=',
      `cursor=${cursor('id', 'a1', 'a1')}`,
      `cursor=${cursor('updatedAt', 1e300, 'a1')}`,
      `cursor=${cursor('updatedAt', 1, 'a b')}`,
      `cursor=${cursor('updatedAt', 1)}`,
      `cursor=${'c'.repeat(1_001)}`,
      'cursor=a&cursor=b',
    ],
  ],
  [
    '/api/atome/a1',
    400,
    'invalid',
    [
      'version=0',
      'version=-1',
      'version=1.5',
      'version=x',
      'version=1&version=2',
      'at=',
      'at=now',
      'at=2026-02-31T00:00:00',
      'at=1&at=2',
      'at=99999999999999999999',
      'at=2026-13-01',
      'at=%00',
      'colour=red',
    ],
  ],
  ['/api/atome/a1', 404, 'not_found', ['version=2', 'version=900719925474099', 'at=0']],
  [
    '/api/atome/a1/history',
    400,
    'invalid',
    ['page=0', 'page=x', 'limit=501', 'limit=0', 'page=1&page=2', 'sortBy=id', 'cursor=x', 'cursor=0'],
  ],
  [
    '/api/sync/changes',
    400,
    'invalid',
    [
      'since=-1',
      'since=text',
      'since=1.5',
      'since=1e30',
      'since=',
      'since=0x1',
      'since=%201',
      'since=0&since=1',
      'limit=0',
      'limit=1001',
      'limit=x',
      'wait=61',
      'wait=-1',
      'wait=x',
      'compact=yes',
      'epoch=first',
      'epoch=',
      'hash=AB',
      'kinds=a%20b',
      'kinds=a,,b',
      'kinds=',
      'types=/',
      'ids=a/b',
      'parentId=a/b',
      `ids=${Array(1_001).fill('a').join(',')}`,
      'colour=red',
      'kinds=a&kinds=b%20c',
    ],
  ],
  [
    '/api/sync/changes',
    409,
    'reset',
    ['since=99', 'since=900719925474099', `since=0&epoch=${NO_EPOCH}`, `since=1&hash=${'0'.repeat(64)}`],
  ],
  ['/api/sync/snapshot', 400, 'invalid', ['kinds=a%20b', 'kinds=', 'since=1']],
];

const PATHS: readonly (readonly [path: string, status: number, code: string])[] = [
  ['/api/atome/%zz', 400, 'invalid'],
  ['/api/atome/%', 400, 'invalid'],
  ['/api/atome/%ff', 400, 'invalid'],
  ['/api/atome/%00', 400, 'invalid'],
  ['/api/atome/a%20b', 400, 'invalid'],
  ['/api/atome/a%2Fb', 400, 'invalid'],
  ['/api/atome/%E2%82%AC/history', 400, 'invalid'],
  [`/api/atome/${'i'.repeat(129)}`, 400, 'invalid'],
  [`/api/atome/${'i'.repeat(129)}/history`, 400, 'invalid'],
  [`/api/atome/${'i'.repeat(128)}`, 404, 'not_found'],
  ['/api/atome/__proto__', 404, 'not_found'],
  ['/api/atome/constructor', 404, 'not_found'],
];

describe.each(DATABASES)('a malformed URL, on %s,', (_database, create) => {
  let server: TestApp;
  let before: unknown;
  beforeAll(async () => {
    server = await startOn(create);
    await server.api.create({ title: 'safe' }, { id: 'a1' });
    before = (await server.api.get('/api/atome/list?includeDeleted=true')).body;
  });
  afterAll(async () => {
    try {
      expect((await server.api.get('/api/server-info')).body.seq).toBe(1);
      expect((await server.api.get('/api/atome/list?includeDeleted=true')).body).toEqual(before);
    } finally {
      await server.close();
    }
  });

  const queries = QUERIES.flatMap(([path, status, code, rows]) => rows.map((query) => ({ path, status, code, query })));
  it.each(queries)('GET $path?$query is a $status $code', async ({ path, status, code, query }) => {
    const answer = await server.api.get(`${path}?${query}`);
    expect(answer).toMatchObject({ status, body: { success: false, code, detail: expect.stringMatching(SENTENCE) } });
  });

  it.each(PATHS)('GET %s is a %i %s', async (path, status, code) => {
    const answer = await server.api.get(path);
    expect(answer).toMatchObject({ status, body: { success: false, code, detail: expect.stringMatching(SENTENCE) } });
  });

  it.each(['__proto__=1', 'constructor=1'])(
    'GET /api/atome/list?%s is no parameter, though each object has it',
    async (query) => {
      const answer = await server.api.get(`/api/atome/list?${query}`);
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid' } });
    },
  );

  it.each([
    'limit=500&page=900719925474099',
    'search=%00',
    'search=%25%5C%22',
    'search=%ff',
    `cursor=${cursor('updatedAt', 2 ** 53 - 1, 'a')}`,
  ])('GET /api/atome/list?%s is unusual, and answered', async (query) => {
    expect(await server.api.get(`/api/atome/list?${query}`)).toMatchObject({ status: 200, body: { success: true } });
  });
});
