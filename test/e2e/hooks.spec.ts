import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ForbiddenException } from '@nestjs/common';
import { createClient } from '../../client/src/index.js';
import { AtomeService, type BeforeWrite, type HookedWrite, type WriteHookContext } from '../../src/index.js';
import { AtomeError } from '../../src/protocol/index.js';
import type { TestSocket } from '../support/clients/socket.js';
import { audit, DATABASES, type Database } from '../support/databases/databases.js';
import { startApp, type TestApp } from '../support/server/app.js';

/** What the application saw, the newest last. */
let seen: { readonly mutation: HookedWrite; readonly context: WriteHookContext }[] = [];

/** What a hook waits for, where there is something. */
let waiting: Promise<void> | undefined;

/** Orders have a state that goes one way, a total of their own, and an entry in the journal for each write. */
const orders: BeforeWrite = async (mutation, context) => {
  seen.push({ mutation, context });
  const { operation, atomeId } = mutation;
  const changes = mutation.changes as Record<string, unknown>;
  const said = operation === 'create' ? (changes.data as Record<string, unknown>) : changes;
  // what it does to what it is given is its own affair
  said.seen = true;
  delete said.seen;
  await waiting;
  if (said.ask === 'fault') throw new TypeError('a mistake');
  if (said.ask === 'nonsense') return { changes: { [Symbol.iterator.toString()]: undefined, n: Infinity } as never };
  if (said.ask === 'forbid') throw new ForbiddenException('only on Mondays');
  if (said.ask === 'missing') await context.get('nowhere');
  if (operation === 'delete') throw new AtomeError('forbidden', 'orders are kept');
  if (context.atome?.data.state === 'sent' && operation !== 'restore')
    throw new AtomeError('conflict', 'it has been sent');
  if (operation !== 'create' && operation !== 'update') return undefined;
  const withTotal = { ...said, total: Number(said.count ?? context.atome?.data.count ?? 0) * 2 };
  const entry = said.ask === 'badly' ? { n: 'x' } : { of: atomeId, operation };
  return {
    changes: (operation === 'create' ? { ...changes, data: withTotal } : withTotal) as never,
    add: said.silent ? [] : [{ operation: 'create', kind: 'entry', data: entry }],
  };
};

let ids = 0;
const fresh = (): string => `x${(ids += 1)}`;

describe.each(DATABASES)('beforeWrite, on %s', (_database, create) => {
  let database: Database;
  let server: TestApp;
  let socket: TestSocket;
  let atomes: AtomeService;
  beforeAll(async () => {
    database = await create();
    server = await startApp(
      { DATABASE_URL: database.url },
      {
        kinds: {
          order: { beforeWrite: orders, readonly: ['total'], defaults: { count: 1 } },
          entry: { schema: { properties: { n: { type: 'number' } } } },
          bill: {
            beforeWrite: ({ operation }) => void seen.push({ mutation: { operation } as never, context: {} as never }),
          },
        },
      },
    );
    socket = await server.connect();
    atomes = server.app.get(AtomeService, { strict: false });
  });
  beforeEach(() => {
    seen = [];
    waiting = undefined;
  });
  afterAll(async () => {
    await server.close();
    expect((await audit(database.url)).result).toMatchObject({ fault: undefined });
    await database.drop();
  });

  const get = async (id: string) => (await server.api.get(`/api/atome/${id}`)).body.atome as Record<string, unknown>;
  const order = async (data: object = {}): Promise<string> => {
    const id = fresh();
    const { status, body } = await server.api.post('/api/atome/create', {
      kind: 'order',
      id,
      data: { silent: true, ...data },
    });
    expect([status, body.error]).toEqual([201, undefined]);
    return id;
  };
  const entriesOf = async (id: string): Promise<unknown[]> => {
    const { body } = await server.api.get('/api/atome/list?kind=entry&limit=500');
    return (body.data as { data: { of: string; operation: string } }[])
      .filter(({ data }) => data.of === id)
      .map(({ data }) => data.operation);
  };
  const push = async (...operations: object[]) =>
    (await server.api.post('/api/sync/push', { operations })).body.results;

  interface Verdict {
    readonly code?: unknown;
    readonly message?: unknown;
  }
  const told = (error: unknown): Verdict => {
    const { code, message } = (error ?? {}) as Verdict;
    return { code, message };
  };
  const rest = async (answer: ReturnType<TestApp['api']['get']>): Promise<Verdict> => {
    const { body } = await answer;
    return { code: body.code, message: body.detail };
  };
  const update = (id: string, changes: object) => ({ opId: fresh(), operation: 'update', atomeId: id, changes });
  const ENTRY_POINTS: readonly (readonly [string, (id: string, changes: object) => Promise<Verdict>])[] = [
    ['alter', (id, changes) => rest(server.api.post(`/api/atome/${id}/alter`, { operation: 'update', changes }))],
    [
      'mutate',
      async (id, changes) => {
        socket.send({ type: 'mutate', ...update(id, changes) });
        return told(((await socket.answer()) as { error?: unknown }).error);
      },
    ],
    ['push', async (id, changes) => told(((await push(update(id, changes))) as { error?: unknown }[])[0]!.error)],
    [
      'an atomic push',
      async (id, changes) => {
        const { body } = await server.api.post('/api/sync/push', { operations: [update(id, changes)], atomic: true });
        return told((body.results as { error?: unknown }[])[0]!.error);
      },
    ],
    [
      'the service',
      (id, changes) => atomes.alter(id, { operation: 'update', changes: changes as never }).then(() => told({}), told),
    ],
  ];

  it.each(ENTRY_POINTS)('changes a write and adds to it by %s', async (_name, write) => {
    const id = await order();
    expect(await write(id, { count: 5 })).toEqual({});
    expect(await get(id)).toMatchObject({ version: 2, data: { count: 5, total: 10 } });
    expect(await entriesOf(id)).toEqual(['update']);
    expect(seen.at(-1)).toMatchObject({
      mutation: { operation: 'update', atomeId: id, changes: { count: 5 } },
      context: { principal: { id: 'anonymous' }, atome: { id, version: 1, data: { count: 1, total: 2 } } },
    });
  });

  it.each(ENTRY_POINTS)('refuses a write by %s, with its own code and sentence', async (_name, write) => {
    const id = await order({ state: 'sent' });
    expect(await write(id, { count: 5 })).toEqual({ code: 'conflict', message: 'it has been sent' });
    const other = await order();
    expect(await write(other, { ask: 'forbid' })).toEqual({ code: 'forbidden', message: 'only on Mondays' });
    expect(await write(other, { ask: 'missing' })).toMatchObject({ code: 'not_found' });
    expect([(await get(id)).version, (await get(other)).version]).toEqual([1, 1]);
  });

  it('refuses a message of the original client', async () => {
    const id = await order({ state: 'sent' });
    socket.send({ type: 'atome:altered', atomeId: id, alteration: { operation: 'update', changes: { count: 2 } } });
    expect(await socket.next('error')).toMatchObject({ code: 'conflict', message: 'it has been sent' });
  });

  it.each(ENTRY_POINTS)('that fails, or returns what is no use, fails the one write by %s', async (_name, write) => {
    const id = await order();
    for (const ask of ['fault', 'nonsense']) expect(await write(id, { ask })).toMatchObject({ code: 'internal' });
    expect(await write(id, { count: 2, silent: true })).toEqual({});
  });

  it('is written together with what it adds, or not at all', async () => {
    const id = await order();
    const [refused] = (await push(update(id, { count: 7, ask: 'badly' }))) as { error: object }[];
    expect(refused!.error).toMatchObject({
      code: 'invalid',
      message: 'what the application adds to the write was refused: /data/n must be number',
    });
    expect(await get(id)).toMatchObject({ version: 1 });
  });

  it('adds nothing to a write that changes nothing', async () => {
    const id = await order({ count: 3 });
    await push(update(id, { count: 3 }), update(id, { count: 3 }));
    expect([(await get(id)).version, await entriesOf(id)]).toEqual([1, []]);
  });

  it('is asked again about a repeated write, which is the first one all the same', async () => {
    const id = await order();
    const write = update(id, { count: 4, state: 'sent' });
    const [first] = (await push(write)) as object[];
    expect(await push(write, write)).toEqual([
      { ...first, duplicate: true },
      { ...first, duplicate: true },
    ]);
    expect([(await get(id)).version, await entriesOf(id)]).toEqual([2, ['update']]);
    expect(await push({ ...write, changes: { count: 5 } })).toMatchObject([{ error: { code: 'op_reused' } }]);
    expect(await push({ ...write, changes: { count: 4, state: 'sent', total: 8 } })).toMatchObject([
      { error: { code: 'op_reused' } },
    ]);
  });

  it('keeps the order of a connection and of a push, though it takes its time', async () => {
    const [id, child] = [fresh(), fresh()];
    const writes = [
      { opId: fresh(), operation: 'create', atomeId: id, kind: 'order', data: { silent: true } },
      { opId: fresh(), operation: 'create', atomeId: child, kind: 'free', data: {}, parentId: id, access: 'inherit' },
      { ...update(id, { count: 2 }) },
      { opId: fresh(), operation: 'rename', atomeId: child, changes: { name: 'c' } },
      { ...update(id, { count: 3 }) },
    ];
    const results = (await push(...writes)) as { type: string; version: number }[];
    expect(results.map(({ type, version }) => [type, version])).toEqual([
      ['ack', 1],
      ['ack', 1],
      ['ack', 2],
      ['ack', 2],
      ['ack', 3],
    ]);
    const again = writes.map((write) => ({ ...write, type: 'mutate', opId: fresh() }));
    const [another, below] = [fresh(), fresh()];
    for (const write of again) {
      const atomeId = write.atomeId === id ? another : below;
      socket.send({ ...write, atomeId, ...('parentId' in write && { parentId: another }) });
    }
    const answers = [];
    while (answers.length < again.length) answers.push(await socket.answer());
    expect(answers.map(({ type }) => type)).toEqual(again.map(() => 'ack'));
  });

  it('sees each write to one atome with all before it, whoever writes', async () => {
    const id = await order({ count: 0 });
    await Promise.all(Array.from({ length: 20 }, (_, n) => server.api.patch(`/api/atome/${id}`, { [`k${n}`]: 1 })));
    const versions = seen.slice(1).map(({ context }) => context.atome!.version);
    expect(versions).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  });

  it('is asked again where another server has written meanwhile', async () => {
    const id = await order({ count: 1 });
    const other = await startApp({ DATABASE_URL: database.url });
    seen = [];
    let letGo: () => void = () => undefined;
    waiting = new Promise<void>((resolve) => (letGo = resolve));
    const written = server.api.patch(`/api/atome/${id}`, { n: 1 });
    while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect((await other.api.patch(`/api/atome/${id}`, { state: 'sent' })).status).toBe(200);
    letGo();
    expect(await rest(written)).toEqual({ code: 'conflict', message: 'it has been sent' });
    expect(seen.map(({ context }) => context.atome!.version)).toEqual([1, 2]);
    await other.close();
  });

  it('meets in an atomic push what was before it, and the push is one', async () => {
    const id = fresh();
    const operations = [
      { opId: fresh(), operation: 'create', atomeId: id, kind: 'order', data: { count: 2 } },
      update(id, { count: 3 }),
    ];
    const { body } = await server.api.post('/api/sync/push', { operations, atomic: true });
    expect(body.results).toMatchObject([
      { type: 'ack', version: 1 },
      { type: 'ack', version: 2 },
    ]);
    expect(seen.map(({ context }) => context.atome)).toEqual([null, null]);
    expect(await entriesOf(id)).toHaveLength(2);
    const last = update(id, { ask: 'forbid' });
    const refused = await server.api.post('/api/sync/push', {
      operations: [update(id, { count: 9 }), last],
      atomic: true,
    });
    expect(refused.body.results).toMatchObject([
      { type: 'nack', error: { code: 'forbidden', details: { refused: 1 } } },
      { type: 'nack', error: { code: 'forbidden', message: 'only on Mondays' } },
    ]);
    expect(await get(id)).toMatchObject({ version: 2 });
  });

  it('is asked by the kind that the atome has, and by that which it comes to have', async () => {
    const id = (await server.api.create({}, { kind: 'free' })).id as string;
    await server.api.put(`/api/atome/${id}`, { kind: 'bill' });
    await server.api.put(`/api/atome/${id}`, { kind: 'free' });
    await server.api.put(`/api/atome/${id}`, { data: { n: 1 } });
    await server.api.post(`/api/atome/${id}/restore`, { version: 2 });
    expect(seen.map(({ mutation }) => mutation.operation)).toEqual(['replace', 'replace', 'restore']);
  });

  it('may keep an atome from being deleted, but not from being shared or erased', async () => {
    const id = await order();
    expect(await rest(server.api.delete(`/api/atome/${id}`))).toEqual({
      code: 'forbidden',
      message: 'orders are kept',
    });
    expect((await server.api.post(`/api/atome/${id}/share`, { access: 'private' })).status).toBe(200);
    seen = [];
    await atomes.erase(id);
    expect(seen).toEqual([]);
  });

  it('reads what who writes may read, and is not asked about what they may not', async () => {
    const alice = { id: 'alice', tenant: 'default', roles: ['writer'] };
    const [secret, own] = [await order(), await order()];
    await server.api.post(`/api/atome/${secret}/share`, { access: 'private' });
    seen = [];
    const input = { operation: 'update', changes: { count: 2 } } as const;
    await expect(atomes.alter(secret, input, { principal: alice })).rejects.toMatchObject({ code: 'not_found' });
    expect(seen).toEqual([]);
    await atomes.alter(own, input, { principal: alice });
    const { context } = seen[0]!;
    expect(context.principal).toEqual(alice);
    await expect(context.get(secret)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('has an offline client find what was refused among its rejected writes', async () => {
    const client = createClient({ url: server.url });
    try {
      const { id } = await client.create({ kind: 'order', data: { silent: true, state: 'sent' } });
      await client.update(id, { count: 9 });
      await client.flush();
      expect(await client.rejected()).toMatchObject([{ error: { code: 'conflict', message: 'it has been sent' } }]);
      expect(await client.get(id)).toMatchObject({ data: { state: 'sent', count: 1, total: 2 } });
    } finally {
      await client.close();
    }
  });
});
