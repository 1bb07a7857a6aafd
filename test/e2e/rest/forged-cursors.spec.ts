import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../../support/properties.js';
import { SORT_KEYS } from '../../../src/ledger/store.js';
import type { TestApp } from '../../support/server/app.js';
import { DATABASES } from '../../support/databases/databases.js';
import { startOn } from '../../support/server/server-on.js';

const INTEGERS = [0, 1, -1, 2 ** 31 - 1, 2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1, 2 ** 53, 2 ** 63, 1e300, 1.5];
const TEXTS = ['', 'a', 'null', 'list', '\u0000', 'a\u0000', '\ud800', 'é', `'`, 'x'.repeat(129), 'x'.repeat(100_000)];
const values = fc.oneof(fc.constantFrom<unknown>(...INTEGERS, ...TEXTS, null, true, [], {}), fc.jsonValue());
const sortKeys = fc.constantFrom(...SORT_KEYS);
/** What a parameter that is a number may be given. */
const numbers = fc.oneof(
  fc.constantFrom(
    ...INTEGERS.map(String),
    '9'.repeat(15),
    '9'.repeat(16),
    '9'.repeat(30),
    '-0',
    '+1',
    '0x10',
    ' 1',
    '',
  ),
  fc.string({ unit: 'grapheme' }),
);

describe.each(DATABASES)('what nobody was given, on %s', (_database, create) => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startOn(create);
    await server.api.create({ n: 1 }, { id: 'a1' });
  });
  afterAll(() => server.close());

  const isAnswered = async (path: string, headers?: Record<string, string>): Promise<void> => {
    const { status, body } = await server.api.get(path, headers);
    expect([path, [200, 400, 404, 409].includes(status), status < 500 || body.code]).toEqual([path, true, true]);
  };

  it.each(SORT_KEYS)('as a cursor of %s is a page or a 400', async (sortBy) => {
    for (const value of [...INTEGERS, ...TEXTS]) {
      for (const id of ['a1', '', '\u0000', 'x'.repeat(129), 7]) {
        const cursor = Buffer.from(JSON.stringify([sortBy, value, id])).toString('base64url');
        if (cursor.length < 8_000) await isAnswered(`/api/atome/list?sortBy=${sortBy}&cursor=${cursor}`);
      }
    }
  });

  it('as any cursor is a page or a 400', async () => {
    const cursors = fc.record({ key: sortKeys, sortBy: sortKeys, value: values, id: values });
    await fc.assert(
      fc.asyncProperty(cursors, async ({ key, sortBy, value, id }) => {
        const cursor = Buffer.from(JSON.stringify([key, value, id])).toString('base64url');
        if (cursor.length < 8_000) await isAnswered(`/api/atome/list?sortBy=${sortBy}&cursor=${cursor}`);
      }),
      { numRuns: 40 },
    );
  });

  it('as a number is an answer or a 400', async () => {
    const paths = [
      ...['list?page=', 'list?limit=', 'a1?version=', 'a1?at=', 'a1/history?cursor=', 'a1/history?page='].map(
        (path) => `/api/atome/${path}`,
      ),
      ...['sync/changes?since=', 'sync/changes?limit=', 'audit?limit=', 'audit?cursor=', 'audit?from='].map(
        (path) => `/api/${path}`,
      ),
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), numbers, async (path, number) => {
        await isAnswered(path + encodeURIComponent(number));
      }),
      { numRuns: 120 },
    );
    for (const number of INTEGERS) await isAnswered('/api/sync/changes', { 'last-event-id': String(number) });
  });
});
