import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AtomeError } from '../../../src/index.js';
import { LedgerWriter } from '../../../src/ledger/write/ledger-writer.js';
import { audit, DATABASES, type Database } from '../../support/databases/databases.js';
import { startApp, type TestApp } from '../../support/server/app.js';
import { WITH_TOKENS, tokenOf } from '../../support/server/tokens.js';
import type { Api } from '../../support/clients/api.js';

interface Record {
  readonly at: number;
  readonly id: string | null;
  readonly version?: number;
  readonly seq?: number;
  readonly error?: { readonly code: string };
}

describe.each(DATABASES)('a batch, on %s', (_name, create) => {
  let database: Database;
  let server: TestApp;
  let alice: Api;
  let reader: Api;
  let kinds = 0;
  beforeAll(async () => {
    database = await create();
    server = await startApp(
      { ...WITH_TOKENS, DATABASE_URL: database.url },
      {
        kinds: {
          guarded: {
            beforeWrite: ({ changes }) => {
              if ('fault' in changes) throw new TypeError('a mistake');
              if ('no' in changes) throw new AtomeError('forbidden', 'no');
            },
          },
        },
      },
    );
    alice = server.api.as(tokenOf('writer', { sub: 'alice' }));
    reader = server.api.as(tokenOf('reader', { sub: 'rita' }));
  });
  afterAll(async () => {
    await server.close();
    expect((await audit(database.url, 'acme')).result.fault).toBeUndefined();
    await database.drop();
  });

  const batch = async (body: object, headers = {}, api = alice) => {
    const { status, body: answer } = await api.post('/api/atome/batch', body, headers);
    return { status, ...answer, results: (answer.results ?? []) as Record[] } as {
      status: number;
      results: Record[];
      [name: string]: unknown;
    };
  };
  /** Atomes of a kind of their own, with `n` from 0 up. */
  const made = async (count: number): Promise<{ kind: string; ids: string[] }> => {
    const kind = `k${(kinds += 1)}`;
    const atomes = Array.from({ length: count }, (_, n) => ({ kind, data: { n } }));
    const { results } = await batch({ operation: 'create', atomes });
    return { kind, ids: results.map(({ id }) => id!) };
  };
  const list = async (kind: string): Promise<{ id: string; version: number; data: { n: number; done?: boolean } }[]> =>
    (await alice.get(`/api/atome/list?kind=${kind}&limit=500&sortBy=createdAt&sortOrder=asc`)).body.data as never;

  it('creates many, and says what came of each', async () => {
    const kind = `k${(kinds += 1)}`;
    const atomes = [
      { kind, data: { n: 0 } },
      { kind: 'two words', data: {} },
      { kind, id: `${kind}-own`, data: {} },
    ];
    const answer = await batch({ operation: 'create', atomes });
    expect(answer).toMatchObject({ status: 200, success: true, done: 2, refused: 1, more: false });
    expect(answer.results).toMatchObject([
      { at: 0, version: 1 },
      { at: 1, id: null, error: { code: 'invalid' } },
      { at: 2, id: `${kind}-own`, version: 1 },
    ]);
    expect(await list(kind)).toHaveLength(2);
  });

  it('alters and deletes by ids, each by its own rights', async () => {
    const { kind, ids } = await made(3);
    const [mine] = ids;
    await alice.post(`/api/atome/${mine}/share`, { access: { read: ['*'], write: ['alice'] } });
    const bob = server.api.as(tokenOf('writer', { sub: 'bob' }));
    const altered = await batch(
      { operation: 'update', ids: [...ids, 'nowhere', 'no id'], changes: { done: true }, reason: 'all' },
      {},
      bob,
    );
    expect(altered).toMatchObject({ done: 2, refused: 3, more: false });
    expect(altered.results.map(({ error }) => error?.code)).toEqual([
      'forbidden',
      undefined,
      undefined,
      'not_found',
      'invalid',
    ]);
    const deleted = await batch({ operation: 'delete', ids });
    expect([deleted.done, await list(kind)]).toEqual([3, []]);
    expect((await batch({ operation: 'delete', ids }, {}, reader)).status).toBe(403);
  });

  it('alters what a query finds, page after page, no more than it may', async () => {
    const { kind } = await made(250);
    const where = { 'data.n': { gte: 20 } };
    const some = await batch({ operation: 'patch', kind, where, changes: { done: true }, limit: 130 });
    expect([some.done, some.refused, some.more]).toEqual([130, 0, true]);
    const open = { and: [where, { 'data.done': { exists: false } }] };
    const rest = await batch({ operation: 'patch', kind, where: open, changes: { done: true } });
    expect([rest.done, rest.more]).toEqual([100, false]);
    const after = await list(kind);
    expect(after.map(({ data, version }) => [data.done === true, version])).toEqual(
      after.map(({ data }) => (data.n >= 20 ? [true, 2] : [false, 1])),
    );
    expect(await batch({ operation: 'delete', kind, where: { 'data.done': true } })).toMatchObject({ done: 230 });
    expect(await list(kind)).toHaveLength(20);
  });

  it('finds only what its caller may read', async () => {
    const { kind, ids } = await made(2);
    await alice.post(`/api/atome/${ids[0]}/share`, { access: 'private' });
    const bob = server.api.as(tokenOf('writer', { sub: 'bob' }));
    const { results } = await batch({ operation: 'rename', kind, changes: { name: 'x' } }, {}, bob);
    expect(results.map(({ id }) => id)).toEqual([ids[1]]);
  });

  it('writes each once where it is repeated under its key', async () => {
    const kind = `k${(kinds += 1)}`;
    const key = { 'idempotency-key': kind };
    const atomes = [1, 2, 3].map((n) => ({ kind, data: { n } }));
    const first = await batch({ operation: 'create', atomes }, key);
    expect((await batch({ operation: 'create', atomes }, key)).results).toEqual(first.results);
    expect(await list(kind)).toHaveLength(3);
    const update = { operation: 'update', kind, changes: { done: true } };
    const altered = await batch(update, { 'idempotency-key': `${kind}-2` });
    expect((await batch(update, { 'idempotency-key': `${kind}-2` })).results).toEqual(altered.results);
    expect((await list(kind)).map(({ version }) => version)).toEqual([2, 2, 2]);
    const reused = await batch({ ...update, changes: { done: false } }, { 'idempotency-key': `${kind}-2` });
    expect(reused.results.map(({ error }) => error?.code)).toEqual(Array(3).fill('op_reused'));
    expect((await batch(update, { 'idempotency-key': 'x'.repeat(65) })).status).toBe(400);
  });

  it('goes on behind what the application refuses, or what fails in it', async () => {
    const atomes = ['a', 'b', 'c'].map((id) => ({ kind: 'guarded', id: `${id}${(kinds += 1)}`, data: {} }));
    await batch({ operation: 'create', atomes });
    const ids = atomes.map(({ id }) => id);
    const faulty = await batch({ operation: 'update', ids, changes: { fault: 1 } });
    expect(faulty.results.map(({ error }) => error?.code)).toEqual(Array(3).fill('internal'));
    expect(await batch({ operation: 'update', ids, changes: { no: 1 } })).toMatchObject({ refused: 3, more: false });
  });

  it('stops where the server takes no more, says what was not reached, and goes on when it is sent again', async () => {
    const { kind, ids } = await made(250);
    const writer = server.app.get(LedgerWriter, { strict: false });
    const submit = writer.submit.bind(writer);
    let left = 150;
    writer.submit = (...write) => {
      if ((left -= 1) < 0) throw new AtomeError('unavailable', 'the server is full', { retryAfter: 1 });
      return submit(...write);
    };
    const body = { operation: 'update', ids, changes: { done: true } };
    const key = { 'idempotency-key': kind };
    const stopped = await batch(body, key);
    expect(stopped).toMatchObject({ status: 200, done: 150, refused: 0, more: true, error: { code: 'unavailable' } });
    expect(stopped.results).toHaveLength(150);
    // nothing at all: it is refused as any other call
    expect((await batch(body, { 'idempotency-key': 'another' })).status).toBe(503);
    writer.submit = submit;
    expect(await batch(body, key)).toMatchObject({ done: 250, more: false });
    expect((await list(kind)).map(({ version }) => version)).toEqual(Array(250).fill(2));
  });

  it('tells of itself in lines of JSON', async () => {
    const { kind } = await made(120);
    const answer = await alice.post(
      '/api/atome/batch',
      { operation: 'update', kind, changes: { done: true } },
      { accept: 'application/x-ndjson' },
    );
    const lines = answer.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record);
    expect(answer.headers.get('content-type')).toContain('application/x-ndjson');
    expect(lines.slice(1, -2).map(({ at }) => at)).toEqual(Array.from({ length: 120 }, (_, at) => at));
    expect(lines.slice(-2)).toMatchObject([{ done: 120, refused: 0, more: false }, { count: 121 }]);
  });

  it.each<[string, object]>([
    ['no operation', {}],
    ['one that is not possible here', { operation: 'share', ids: [] }],
    ['nothing that says which', { operation: 'delete' }],
    ['only how many', { operation: 'delete', limit: 5 }],
    ['too many', { operation: 'delete', kind: 'note', limit: 10_001 }],
    ['too many ids', { operation: 'delete', ids: Array(10_001).fill('x') }],
    ['ids and a query', { operation: 'delete', ids: [], kind: 'note' }],
    ['a condition that is none', { operation: 'delete', where: { colour: 'red' } }],
    ['changes that do not fit', { operation: 'rename', ids: [], changes: { title: 'x' } }],
    ['changes of a delete', { operation: 'delete', ids: [], changes: {} }],
    ['no list', { operation: 'create', atomes: {} }],
    ['no body', []],
  ])('is refused with %s', async (_what, body) => {
    expect((await batch(body)).status).toBe(400);
  });
});
