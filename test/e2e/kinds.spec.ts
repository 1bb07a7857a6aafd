import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from '../../client/src/index.js';
import { AtomeService, SYSTEM, systemOf, type Kinds, type Principal, type StandardSchema } from '../../src/index.js';
import { AtomeError } from '../../src/protocol/index.js';
import type { TestSocket } from '../support/clients/socket.js';
import { audit, DATABASES, type Database } from '../support/databases/databases.js';
import { startApp, type TestApp } from '../support/server/app.js';

/** Written by hand, so that it is as the standard has it, whoever implements it. */
const task: StandardSchema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    jsonSchema: { input: ({ target }) => (target === 'draft-2020-12' ? { title: 'task' } : undefined) },
    validate: (value) => {
      const data = value as Record<string, unknown>;
      // it may do what it likes with what it is given
      data.seen = true;
      if (data.fault === 'late') return Promise.reject(new Error('late'));
      if (data.fault === 'loud') throw new Error('loud');
      if (data.fault === 'own') throw new AtomeError('forbidden', 'not on a Sunday');
      return typeof data.steps === 'object' || data.steps === undefined
        ? { value: {} }
        : { issues: [{ message: 'are a list', path: ['steps', { key: 'a/b' }] }] };
    },
  },
};

const KINDS: Kinds = {
  note: {
    schema: {
      type: 'object',
      required: ['title'],
      properties: {
        title: { type: 'string', minLength: 1 },
        status: { enum: ['draft', 'open', 'done'] },
        due: { type: 'string', format: 'date' },
        labels: { type: 'array', uniqueItems: true, items: { type: ['string', 'object'] } },
      },
      propertyNames: { maxLength: 20 },
    },
    defaults: { status: 'draft', nested: { n: 1 } },
  },
  order: {
    schema: { properties: { total: { type: 'number' } } },
    defaults: { total: 0 },
    readonly: ['total', 'paid'],
    immutable: ['number'],
    indexed: ['data.number', 'data.ship.to'],
  },
  task: { schema: task },
};

const user: Principal = { id: 'alice', tenant: 'default', roles: ['writer'] };

/** What came of a write, by whichever door. */
interface Verdict {
  readonly code?: string;
  readonly message?: string;
  readonly errors?: unknown;
}

type Door = (id: string, changes: object) => Promise<Verdict>;

let opIds = 0;
const opId = (): string => `op${(opIds += 1)}`;

describe.each(DATABASES)('kinds, on %s', (_database, create) => {
  let database: Database;
  let server: TestApp;
  let socket: TestSocket;
  let atomes: AtomeService;
  beforeAll(async () => {
    database = await create();
    const before = await startApp({ DATABASE_URL: database.url });
    // written before anybody asked anything of notes
    await before.api.create({ title: 7 }, { id: 'old' });
    await before.api.create({}, { id: 'empty' });
    await before.api.create({}, { id: 'gone' });
    await before.api.delete('/api/atome/gone');
    await before.close();
    server = await startApp({ DATABASE_URL: database.url }, { kinds: KINDS });
    socket = await server.connect();
    atomes = server.app.get(AtomeService, { strict: false });
  });
  afterAll(async () => {
    await server.close();
    expect((await audit(database.url)).result).toMatchObject({ fault: undefined });
    await database.drop();
  });

  const rest = async (answer: ReturnType<TestApp['api']['get']>): Promise<Verdict> => {
    const { body } = await answer;
    return { code: body.code as string, message: body.detail as string, errors: body.errors };
  };
  const nacked = (answer: unknown): Verdict => {
    const { error } = answer as { error?: { code: string; message: string; details?: { errors?: unknown } } };
    return error ? { code: error.code, message: error.message, errors: error.details?.errors } : {};
  };
  const own = (write: Promise<unknown>): Promise<Verdict> =>
    write.then(
      () => ({}),
      (error: unknown) => {
        const { code, message, details } = error as AtomeError;
        return { code, message, errors: details?.errors };
      },
    );
  const pushed = async (atomic: boolean, ...operations: object[]): Promise<Verdict> => {
    const { body } = await server.api.post('/api/sync/push', { operations, atomic });
    return nacked((body.results as unknown[]).at(-1));
  };
  const mutate = async (write: object): Promise<Verdict> => {
    socket.send({ type: 'mutate', ...write });
    return nacked(await socket.answer());
  };

  const UPDATES: readonly (readonly [name: string, door: Door])[] = [
    ['alter', (id, changes) => rest(server.api.post(`/api/atome/${id}/alter`, { operation: 'update', changes }))],
    ['PATCH', (id, changes) => rest(server.api.patch(`/api/atome/${id}`, changes))],
    ['PUT', (id, changes) => rest(server.api.put(`/api/atome/${id}`, { data: { title: 'a', ...changes } }))],
    ['mutate', (id, changes) => mutate({ opId: opId(), operation: 'update', atomeId: id, changes })],
    ['push', (id, changes) => pushed(false, { opId: opId(), operation: 'update', atomeId: id, changes })],
    ['an atomic push', (id, changes) => pushed(true, { opId: opId(), operation: 'update', atomeId: id, changes })],
    ['the service', (id, changes) => own(atomes.alter(id, { operation: 'update', changes: changes as never }))],
    [
      'the original client’s message',
      async (id, changes) => {
        socket.send({ type: 'atome:altered', atomeId: id, alteration: { operation: 'update', changes } });
        const { code, message, details } = await socket.next('error');
        return { code, message, errors: details?.errors };
      },
    ],
  ];

  const note = async (data: object = { title: 'a' }, kind = 'note'): Promise<string> =>
    (await server.api.create(data as Record<string, unknown>, { kind })).id as string;
  const get = async (id: string) => (await server.api.get(`/api/atome/${id}`)).body.atome as Record<string, unknown>;

  describe('the schema of a kind', () => {
    it.each(UPDATES)('refuses by %s what a write would make of an atome, and says where', async (_name, write) => {
      const id = await note({ title: 'a', labels: ['x'] });
      expect(await write(id, { title: 7, due: 'soon' })).toEqual({
        code: 'invalid',
        message: '/data/title must be string; /data/due must match format "date"',
        errors: [
          { path: '/data/title', message: 'must be string' },
          { path: '/data/due', message: 'must match format "date"' },
        ],
      });
      expect(await get(id)).toMatchObject({ version: 1, data: { title: 'a' } });
    });

    it.each<[string, object, string]>([
      ['a key that is missing', {}, '/data/title is missing'],
      ['one of several values', { title: 'a', status: 'new' }, '/data/status must be one of ["draft","open","done"]'],
      [
        'a key that is too long',
        { title: 'a', ['x'.repeat(21)]: 1 },
        `/data/${'x'.repeat(21)} must NOT have more than 20 characters`,
      ],
      [
        'the same item twice',
        { title: 'a', labels: [{ a: 1, b: 2 }, 'x', { b: 2, a: 1 }] },
        '/data/labels must not have the same item twice',
      ],
      ['a pointer that needs escapes', { title: 'a', labels: [[]] }, '/data/labels/0 must be string,object'],
    ])('refuses a new atome by each door for %s', async (_what, data, message) => {
      const creation = { kind: 'note', data };
      const verdicts = [
        await rest(server.api.post('/api/atome/create', creation)),
        await mutate({ opId: opId(), operation: 'create', atomeId: opId(), ...creation }),
        await pushed(false, { opId: opId(), operation: 'create', atomeId: opId(), ...creation }),
        await own(atomes.create(creation as never)),
      ];
      verdicts.forEach((verdict) => expect(verdict).toMatchObject({ code: 'invalid', message }));
      const { body } = await server.api.post('/api/sync/push', { atomes: [{ id: opId(), kind: 'note', data }] });
      expect(body).toMatchObject({ synced: 0, conflicts: [{ code: 'invalid', error: message }] });
    });

    it('looks at what several have made together, not at what each has sent', async () => {
      const id = await note({ title: 'a', status: 'open' });
      expect(await rest(server.api.patch(`/api/atome/${id}`, { title: null }))).toMatchObject({
        message: '/data/title is missing',
      });
      expect((await server.api.patch(`/api/atome/${id}`, { status: 'done' })).status).toBe(200);
    });

    it('lets an older atome be deleted, shared, moved, tagged and mended, and nothing else', async () => {
      const alter = (operation: string, changes: object) =>
        rest(server.api.post('/api/atome/old/alter', { operation, changes }));
      expect(await alter('update', { status: 'open' })).toMatchObject({ message: '/data/title must be string' });
      expect(await alter('tag', { tags: ['x'] })).toEqual({});
      expect(await rest(server.api.put('/api/atome/old', { parentId: 'empty' }))).toEqual({});
      expect(await rest(server.api.post('/api/atome/old/share', { access: 'private' }))).toEqual({});
      expect(await alter('update', { title: 'mended' })).toEqual({});
      expect(await rest(server.api.post('/api/atome/old/restore', { version: 1 }))).toMatchObject({
        message: '/data/title must be string',
      });
      expect(await rest(server.api.delete('/api/atome/empty'))).toEqual({});
      expect(await rest(server.api.post('/api/atome/gone/restore', { version: 1 }))).toMatchObject({
        message: '/data/title is missing',
      });
      expect(await own(atomes.erase('gone'))).toEqual({});
    });

    it('judges an atome that comes to the kind, and lets one go', async () => {
      const id = await note({ n: 1 }, 'free');
      expect(await rest(server.api.put(`/api/atome/${id}`, { kind: 'note' }))).toMatchObject({
        message: '/data/title is missing',
      });
      expect(await rest(server.api.put(`/api/atome/${id}`, { kind: 'note', data: { title: 'b' } }))).toEqual({});
      expect(await rest(server.api.put(`/api/atome/${id}`, { kind: 'free', data: {} }))).toEqual({});
    });

    it('refuses nothing that changes nothing, or is said again', async () => {
      const headers = { 'idempotency-key': opId() };
      const creation = { kind: 'note', id: opId(), data: { title: 'a' } };
      const first = await server.api.post('/api/atome/create', creation, headers);
      const again = await server.api.post('/api/atome/create', creation, headers);
      expect([again.status, again.body]).toEqual([201, first.body]);
    });

    it('has an offline client find what was refused among its rejected writes, with the sentence', async () => {
      const client = createClient({ url: server.url });
      try {
        const { id } = await client.create({ kind: 'note', data: { title: 'a' } });
        await client.update(id, { title: 7 });
        await client.flush();
        expect(await client.rejected()).toMatchObject([
          {
            operation: { operation: 'update', atomeId: id },
            error: {
              code: 'invalid',
              message: '/data/title must be string',
              details: { errors: [{ path: '/data/title', message: 'must be string' }] },
            },
          },
        ]);
        expect(await client.get(id)).toMatchObject({ data: { title: 'a', status: 'draft' } });
      } finally {
        await client.close();
      }
    });
  });

  describe('a Standard Schema', () => {
    it('gives the same verdict, with its own sentence', async () => {
      const id = await note({}, 'task');
      for (const [, write] of UPDATES) {
        expect(await write(id, { steps: 7 })).toEqual({
          code: 'invalid',
          message: '/data/steps/a~1b are a list',
          errors: [{ path: '/data/steps/a~1b', message: 'are a list' }],
        });
      }
    });

    it('cannot change what is kept', async () => {
      const id = await note({ n: 1 }, 'task');
      expect(await get(id)).toMatchObject({ data: { n: 1 } });
      expect((await get(id)).data).toEqual({ n: 1 });
    });

    it.each(['late', 'loud'])('that fails (%s) fails its own write, which may be sent again', async (fault) => {
      const good = { operation: 'create', kind: 'task', data: {} };
      const operations = [
        { ...good, opId: opId(), atomeId: opId() },
        { ...good, opId: opId(), atomeId: opId(), data: { fault } },
        { ...good, opId: opId(), atomeId: opId() },
      ];
      const { body } = await server.api.post('/api/sync/push', { operations });
      expect(body.results).toMatchObject([
        { type: 'ack' },
        { type: 'nack', error: { code: 'internal', retryable: true } },
        { type: 'ack' },
      ]);
    });

    it('may refuse in words of its own', async () => {
      expect(await own(atomes.create({ kind: 'task', data: { fault: 'own' } }))).toMatchObject({
        code: 'forbidden',
        message: 'not on a Sunday',
      });
    });
  });

  describe('the defaults of a kind', () => {
    it('are in the atome, in its history and in the feed, and are said again as the same write', async () => {
      const id = opId();
      const creation = { kind: 'note', id, data: { title: 'a', status: 'open' } };
      const headers = { 'idempotency-key': opId() };
      const { body } = await server.api.post('/api/atome/create', creation, headers);
      const data = { title: 'a', status: 'open', nested: { n: 1 } };
      expect(body).toMatchObject({ atome: { data } });
      expect((await server.api.get(`/api/atome/${id}/history`)).body).toMatchObject({
        alterations: [{ changes: { data } }],
      });
      expect(await socket.next('atome:created', ({ atome }) => atome.id === id)).toMatchObject({ atome: { data } });
      await server.api.patch(`/api/atome/${id}`, { title: 'b' });
      expect((await server.api.post('/api/atome/create', creation, headers)).body).toEqual(body);
      expect((await server.api.post('/api/atome/create', creation)).body).toMatchObject({ version: 1 });
      const another = { ...creation, data: { ...creation.data, nested: { n: 1 } } };
      expect(await rest(server.api.post('/api/atome/create', another, headers))).toMatchObject({ code: 'op_reused' });
    });

    it('are known again after they have changed', async () => {
      const creation = { opId: opId(), operation: 'create', atomeId: opId(), kind: 'note', data: { title: 'a' } };
      const { body } = await server.api.post('/api/sync/push', { operations: [creation] });
      const other = { ...KINDS, note: { ...KINDS.note, defaults: { status: 'open', more: 1 } } };
      const second = await startApp({ DATABASE_URL: database.url }, { kinds: other });
      const again = await second.api.post('/api/sync/push', { operations: [creation] });
      await second.close();
      expect(again.body.results).toEqual([{ ...(body.results as object[])[0], duplicate: true }]);
    });
  });

  describe('a key that only the server writes', () => {
    it.each(UPDATES)('is refused by %s, and is left as it is where nothing else is said', async (_name, write) => {
      const id = await note({ title: 'a' }, 'order');
      expect(await write(id, { total: 1 })).toEqual({
        code: 'invalid',
        message: '/data/total is written by the server alone; leave it out, or as it is',
        errors: [{ path: '/data/total', message: 'is written by the server alone; leave it out, or as it is' }],
      });
    });

    it('is the application’s own to write, in each tenant, and nobody’s who is called like it', async () => {
      const id = await note({ title: 'a' }, 'order');
      const write = (principal: Principal) =>
        own(atomes.alter(id, { operation: 'update', changes: { total: 2 } }, { principal }));
      expect(await write({ ...SYSTEM })).toMatchObject({ code: 'invalid' });
      expect(await write({ ...user, roles: ['admin'] })).toMatchObject({ code: 'invalid' });
      expect(await write(SYSTEM)).toEqual({});
      const acme = systemOf('acme');
      expect(await own(atomes.create({ kind: 'order', data: { total: 3 } }, { principal: acme }))).toEqual({});
      expect(await get(id)).toMatchObject({ data: { total: 2 } });
    });

    it('may be said as it is, cannot be made with a new atome, and outlives a restore', async () => {
      const id = await note({ title: 'a', total: 0 }, 'order');
      await atomes.alter(id, { operation: 'update', changes: { total: 5, paid: true } }, { principal: SYSTEM });
      expect(await rest(server.api.put(`/api/atome/${id}`, { data: { title: 'b', total: 5, paid: true } }))).toEqual(
        {},
      );
      expect(await rest(server.api.put(`/api/atome/${id}`, { data: { title: 'b' } }))).toMatchObject({
        errors: [{ path: '/data/total' }, { path: '/data/paid' }],
      });
      expect(await rest(server.api.post(`/api/atome/${id}/restore`, { version: 1 }))).toEqual({});
      expect((await get(id)).data).toEqual({ title: 'a', total: 5, paid: true });
      expect(await own(atomes.create({ kind: 'order', data: { paid: true } }))).toMatchObject({ code: 'invalid' });
    });
  });

  it('keeps for good what cannot change, for the application too', async () => {
    const id = await note({ title: 'a', number: 1 }, 'order');
    const message = '/data/number cannot change once the atome is there';
    for (const [, write] of UPDATES) expect(await write(id, { number: 2, total: 0 })).toMatchObject({ message });
    const changes = { number: 2 };
    expect(await own(atomes.alter(id, { operation: 'update', changes }, { principal: SYSTEM }))).toMatchObject({
      message,
    });
    // not even by way of another kind
    expect(await rest(server.api.put(`/api/atome/${id}`, { kind: 'free' }))).toMatchObject({
      errors: [{ path: '/kind' }],
    });
    const free = await note({ total: 9 }, 'free');
    expect(await rest(server.api.put(`/api/atome/${free}`, { kind: 'order' }))).toMatchObject({
      errors: [{ path: '/kind' }],
    });
  });

  it('are told by GET /api/schema, with a version of their own', async () => {
    const { body } = await server.api.get('/api/schema');
    expect(body).toEqual({
      success: true,
      version: expect.stringMatching(/^[0-9a-f]{16}$/),
      kindsOnly: false,
      kinds: {
        note: { schema: KINDS.note!.schema, defaults: KINDS.note!.defaults, readonly: [], immutable: [], indexed: [] },
        order: { ...KINDS.order },
        task: { schema: { title: 'task' }, defaults: {}, readonly: [], immutable: [], indexed: [] },
      },
    });
    const none = await startApp();
    expect((await none.api.get('/api/schema')).body).toMatchObject({ success: true, kindsOnly: false, kinds: {} });
    expect((await none.api.get('/api/schema')).body.version).not.toBe(body.version);
    await none.close();
  });

  it('allows no other kinds where there are only these', async () => {
    const only = await startApp({ DATABASE_URL: database.url }, { kinds: KINDS, kindsOnly: true });
    const id = await note({ n: 1 }, 'free');
    const sentence = {
      errors: [{ path: '/kind', message: '"free" is none of the kinds here, such as note, order, task' }],
    };
    expect(await rest(only.api.post('/api/atome/create', { kind: 'free', data: {} }))).toMatchObject(sentence);
    expect(await rest(only.api.patch(`/api/atome/${id}`, { n: 2 }))).toMatchObject(sentence);
    expect(await rest(only.api.put(`/api/atome/${id}`, { kind: 'note', data: { title: 'a' } }))).toEqual({});
    await only.close();
  });
});
