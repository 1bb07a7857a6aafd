import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TestApp } from '../../support/server/app.js';
import type { Answer } from '../../support/clients/api.js';
import { DATABASES } from '../../support/databases/databases.js';
import { startOn } from '../../support/server/server-on.js';

describe.each(DATABASES)('POST /api/sync/push, on %s', (_database, create) => {
  let server: TestApp;
  beforeEach(async () => {
    server = await startOn(create);
  });
  afterEach(() => server.close());

  const push = (operations: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    server.api.post('/api/sync/push', { operations }, headers);
  const creation = (n: number) => ({ opId: `c${n}`, operation: 'create', atomeId: `a${n}`, kind: 'note', data: { n } });

  it('takes every operation, in order', async () => {
    const { status, body } = await push([
      creation(1),
      { opId: 'o1', operation: 'update', atomeId: 'a1', changes: { n: 2 } },
      { opId: 'o2', operation: 'patch', atomeId: 'a1', changes: [{ op: 'add', path: '/m', value: 3 }] },
      { opId: 'o3', operation: 'rename', atomeId: 'a1', changes: { name: 'x' } },
      { opId: 'o4', operation: 'tag', atomeId: 'a1', changes: { tags: ['t'] } },
      { opId: 'o5', operation: 'replace', atomeId: 'a1', data: { n: 6 }, atomeType: 'memo' },
      { opId: 'o6', operation: 'delete', atomeId: 'a1', reason: 'done' },
      { opId: 'o7', operation: 'restore', atomeId: 'a1', changes: { version: 1 } },
    ]);
    expect(status).toBe(200);
    expect(body).toEqual({
      success: true,
      results: ['c1', 'o1', 'o2', 'o3', 'o4', 'o5', 'o6', 'o7'].map((opId, i) => ({
        type: 'ack',
        opId,
        atomeId: 'a1',
        seq: i + 1,
        version: i + 1,
      })),
    });
    expect((await server.api.get('/api/atome/a1')).body.atome).toMatchObject({ data: { n: 1 }, version: 8 });
  });

  describe('that is atomic', () => {
    const pushAll = (operations: unknown): Promise<Answer> =>
      server.api.post('/api/sync/push', { operations, atomic: true });
    const child = { opId: 'child', operation: 'create', atomeId: 'a2', kind: 'note', data: {}, parentId: 'a1' };

    it('is written as a whole, one after the other, and once however often it is sent', async () => {
      const operations = [
        creation(1),
        { ...child, access: 'inherit' },
        { opId: 'o1', operation: 'update', atomeId: 'a1', changes: { n: 2 } },
      ];
      const acks = (more: object) =>
        operations.map(({ opId, atomeId }, at) => ({
          ...{ type: 'ack', opId, atomeId, seq: at + 1, version: at === 2 ? 2 : 1 },
          ...more,
        }));
      const [first, second] = await Promise.all([pushAll(operations), pushAll(operations)]);
      expect(first.body).toEqual({ success: true, results: acks({}) });
      expect(second.body).toEqual({ success: true, results: acks({ duplicate: true }) });
      expect((await server.api.get('/api/sync/changes?since=0')).body).toMatchObject({ to: 3 });
    });

    it.each<[string, unknown, object]>([
      [
        'a write that is refused',
        { opId: 'lost', operation: 'update', atomeId: 'b', changes: {} },
        { code: 'not_found' },
      ],
      ['one that meets another version', { ...child, opId: 'c1' }, { code: 'op_reused' }],
      ['one that cannot be parsed', { opId: 'bad', operation: 'explode' }, { code: 'invalid' }],
      ['what is none', 'nothing', { code: 'invalid' }],
    ])('leaves nothing behind for %s', async (_why, refused, error) => {
      const socket = await server.connect();
      const { body } = await pushAll([creation(1), refused, creation(2)]);
      const other = { type: 'nack', error: { ...error, details: { refused: 1 } } };
      expect(body.results).toMatchObject([
        { ...other, opId: 'c1' },
        { type: 'nack', error },
        { ...other, opId: 'c2' },
      ]);
      // nor does it keep the same from being written later
      expect((await push([creation(1)])).body.results).toEqual([
        { type: 'ack', opId: 'c1', atomeId: 'a1', seq: 1, version: 1 },
      ]);
      await socket.next('atome:created', ({ seq }) => seq === 1);
      expect(socket.all('atome:created')).toHaveLength(1);
    });

    it('passes between the writes of others as one, however large it is', async () => {
      const operations = Array.from({ length: 450 }, (_, n) => creation(n));
      const others = Array.from({ length: 50 }, () => server.api.create());
      const { body } = await pushAll(operations);
      await Promise.all(others);
      const seqs = (body.results as { seq: number }[]).map(({ seq }) => seq);
      expect(seqs).toEqual(operations.map((_, at) => seqs[0]! + at));
    });

    it('of nothing is nothing', async () => {
      expect((await pushAll([])).body).toEqual({ success: true, results: [] });
    });
  });

  it('decides each by itself', async () => {
    const { body } = await push([
      creation(1),
      'nothing',
      { opId: 'bad', operation: 'explode' },
      { opId: 'lost', operation: 'update', atomeId: 'nobody', changes: { a: 1 } },
      { opId: 'stale', operation: 'update', atomeId: 'a1', changes: { n: 9 }, baseVersion: 7 },
      { ...creation(1), data: { other: true } },
      creation(2),
    ]);
    expect(body.results).toMatchObject([
      { type: 'ack', opId: 'c1', seq: 1 },
      { type: 'nack', opId: '', error: { code: 'invalid' } },
      { type: 'nack', opId: 'bad', error: { code: 'invalid', details: { errors: [{ path: 'operation' }] } } },
      { type: 'nack', opId: 'lost', error: { code: 'not_found', status: 404, retryable: false } },
      { type: 'nack', opId: 'stale', error: { code: 'conflict', details: { version: 1 } } },
      { type: 'nack', opId: 'c1', error: { code: 'op_reused', status: 409 } },
      { type: 'ack', opId: 'c2', seq: 2 },
    ]);
  });

  it('takes a push again as the same push', async () => {
    const operations = [creation(1), { opId: 'o1', operation: 'delete', atomeId: 'a1' }];
    const first = (await push(operations)).body.results as object[];
    const second = await push(operations);
    expect(second.body.results).toEqual(first.map((ack) => ({ ...ack, duplicate: true })));
    expect((await server.api.get('/api/server-info')).body.seq).toBe(2);
  });

  it('tells the losing keys of a write that is older than what it met', async () => {
    const stamp = (ms: number): string => `${String(ms).padStart(15, '0')}-0000-n1`;
    const change = (opId: string, hlc: string, n: number) => {
      return { opId, operation: 'update', atomeId: 'a1', changes: { n }, hlc };
    };
    const { body } = await push([creation(1), change('new', stamp(Date.now() + 5_000), 2), change('old', stamp(1), 3)]);
    expect(body.results).toMatchObject([{}, { opId: 'new' }, { opId: 'old', superseded: ['data.n'] }]);
    expect((await server.api.get('/api/atome/a1')).body.atome).toMatchObject({ data: { n: 2 }, version: 3 });
  });

  it('takes a thousand at once, and no more', async () => {
    const many = Array.from({ length: 1_000 }, (_, n) => creation(n));
    expect((await push(many)).body.results).toHaveLength(1_000);
    expect(await push([...many, creation(1_000)])).toMatchObject({ status: 413, body: { code: 'too_large' } });
    expect(await push([])).toMatchObject({ status: 200, body: { results: [] } });
  });

  it('is not told to the plain socket of its sender', async () => {
    const [mine, other] = [await server.connect(), await server.connect()];
    const { clientId } = await mine.next('welcome');
    await other.next('welcome');
    await push([creation(1)], { 'x-client-id': clientId });
    expect(await other.next('atome:created')).toMatchObject({ sourceClient: clientId, opId: 'c1' });
    await mine.settled();
    expect(mine.all('atome:created')).toEqual([]);
  });

  it.each<[string, unknown, string?]>([
    ['no operations', {}],
    ['operations that are no list', { operations: {} }],
    ['an atomic that is neither true nor false', { operations: [], atomic: 'true' }, 'atomic'],
    ['another field', { operations: [], atomically: true }, 'atomically'],
    ['a list alone', []],
    ['null', null],
  ])('refuses %s', async (_what, body, path = 'operations') => {
    expect(await server.api.post('/api/sync/push', body)).toMatchObject({
      status: 400,
      body: { code: 'invalid', errors: [{ path }] },
    });
  });
});
