import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { bearer, type Answer, type Api } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { propagated } from '../support/ledger/held-propagation.js';

describe.each(DATABASES)('rights on an atome, on %s', (_name, create) => {
  let database: Database;
  let server: TestApp;
  beforeAll(async () => {
    database = await create();
    server = await startApp({ ...WITH_TOKENS, DATABASE_URL: database.url });
  });
  afterAll(async () => {
    await server.close();
    await database.drop();
  });

  const token = (id: string, role = 'writer', ...groups: string[]): string => tokenOf(role, { sub: id, groups });
  const as = (id: string, role = 'writer', ...groups: string[]): Api => server.api.as(token(id, role, ...groups));
  const make = async (more: object = {}, by = as('ann')): Promise<string> => {
    const id = randomUUID();
    await by.create({ n: 1 }, { id, ...more });
    return id;
  };
  const share = (id: string, access: unknown, by = as('ann')): Promise<Answer> =>
    by.post(`/api/atome/${id}/share`, { access });
  const accessOf = async (id: string): Promise<unknown> => {
    await propagated(server);
    const { access, inherited } = (await as('dee', 'admin').get(`/api/atome/${id}`)).body.atome as Record<
      string,
      unknown
    >;
    return inherited === undefined ? access : { access, inherited };
  };

  /** Each call on one atome; a body where there is one. */
  const CALLS: readonly (readonly [method: string, path: string, body?: object])[] = [
    ['GET', ''],
    ['GET', '?version=1'],
    ['GET', '?at=2100-01-01'],
    ['GET', '/history'],
    ['POST', '/alter', { operation: 'update', changes: { n: 2 } }],
    ['PUT', '', { data: { n: 3 } }],
    ['PATCH', '', { n: 4 }],
    ['POST', '/rename', { newName: 'x' }],
    ['POST', '/restore', { version: 1 }],
    ['POST', '/share', { access: 'private' }],
    ['DELETE', ''],
  ];
  const calls = async (api: Api, id: string, headers: Record<string, string> = {}): Promise<string[]> => {
    const answers: string[] = [];
    for (const [method, path, body] of CALLS) {
      const type = method === 'PATCH' && { 'content-type': 'application/merge-patch+json' };
      const { status, body: said } = await api.call(method, `/api/atome/${id}${path}`, body, { ...type, ...headers });
      answers.push(`${status} ${((said.detail ?? '') as string).replaceAll(id, 'ID')}`);
    }
    return answers;
  };

  it('open every call to the owner', async () => {
    const answers = await calls(as('ann'), await make({ access: 'private' }));
    expect(answers).toEqual(CALLS.map(() => '200 '));
  });

  it.each([
    ['a stranger', 'bob', 'writer'],
    ['a reader', 'cid', 'reader'],
  ])('make the atome unknown to %s, whatever is asked of it', async (_who, id, role) => {
    const [hidden, deleted] = [await make({ access: 'private' }), await make({ access: 'private' })];
    await as('ann').delete(`/api/atome/${deleted}`);
    const unknown = await calls(as(id, role), randomUUID(), { 'if-match': '"v7"', 'idempotency-key': randomUUID() });
    for (const each of [hidden, deleted]) {
      expect(await calls(as(id, role), each)).toEqual(unknown);
      expect(await calls(as(id, role), each, { 'if-match': '"v7"', 'idempotency-key': randomUUID() })).toEqual(unknown);
    }
  });

  it('let those who are named do what they are named for', async () => {
    const id = await make({ access: { read: ['bob'], write: ['group:staff'] } });
    const statuses = async (api: Api): Promise<string> => (await calls(api, id)).map((each) => each.slice(0, 3)).join();
    expect(await statuses(as('bob'))).toBe('200,200,200,200,403,403,403,403,403,403,403');
    expect(await statuses(as('eve', 'writer', 'staff'))).toBe('200,200,200,200,200,200,200,200,200,403,200');
  });

  it('are changed by the owner and by admins alone', async () => {
    const id = await make();
    expect(await share(id, 'private', as('bob'))).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await share(id, { read: ['cid'], write: [] })).toMatchObject({
      status: 200,
      body: { success: true, version: 2, alteration: { operation: 'share', changes: { access: { read: ['cid'] } } } },
    });
    expect(await share(id, { read: ['cid'], write: [] })).toMatchObject({ body: { version: 2, alteration: null } });
    expect(await share(id, 'tenant', as('dee', 'admin'))).toMatchObject({ status: 200, body: { version: 3 } });
    expect(await accessOf(id)).toBeUndefined();
  });

  it('are checked for form', async () => {
    const id = await make();
    expect(await share(id, { read: ['a b'], write: [] })).toMatchObject({ status: 400, body: { code: 'invalid' } });
    expect(await as('ann').put(`/api/atome/${id}`, { access: 'private' })).toMatchObject({ status: 400 });
    const body = { kind: 'note', data: {}, access: 'inherit' };
    expect((await as('ann').post('/api/atome/create', body)).body.errors).toMatchObject([{ path: 'access' }]);
  });

  it('say nothing of an id that is taken, but that it is', async () => {
    const id = await make({ access: 'private' });
    const again = { id, kind: 'note', data: { n: 1 } };
    const { status, body } = await as('bob').post('/api/atome/create', again);
    expect({ status, code: body.code }).toEqual({ status: 409, code: 'exists' });
    expect(body).not.toHaveProperty('version');
    expect(await as('ann').post('/api/atome/create', again)).toMatchObject({ status: 201, body: { version: 1 } });
  });

  it('leave an opId to each who uses it, and do not let anybody see what has been hidden since', async () => {
    const [id, key] = [await make(), randomUUID()];
    const write = (api: Api): Promise<Answer> =>
      api.put(`/api/atome/${id}`, { data: { n: 5 } }, { 'idempotency-key': key });
    expect(await write(as('bob'))).toMatchObject({ status: 200, body: { version: 2 } });
    const other = { data: { n: 6 } };
    const mine = await as('ann').put(`/api/atome/${id}`, other, { 'idempotency-key': key });
    expect(mine).toMatchObject({ status: 200, body: { version: 3 } });
    expect(await write(as('bob'))).toMatchObject({ status: 200, body: { version: 2 } });
    await share(id, 'private');
    expect(await write(as('bob'))).toMatchObject({ status: 404 });
  });

  it('are the same write under the same key, also where the server has added what was inherited', async () => {
    const [parent, id, key] = [await make({ access: 'private' }), randomUUID(), randomUUID()];
    const headers = { 'idempotency-key': key };
    const body = { id, kind: 'note', data: {}, parentId: parent, access: 'inherit' };
    for (let i = 0; i < 2; i += 1) {
      expect(await as('ann').post('/api/atome/create', body, headers)).toMatchObject({
        status: 201,
        body: { version: 1 },
      });
    }
    const other = { ...body, access: 'private' };
    expect(await as('ann').post('/api/atome/create', other, headers)).toMatchObject({ body: { code: 'op_reused' } });
  });

  it('are not told to the original client by silence', async () => {
    const id = await make({ access: 'private' });
    const socket = await server.connect(bearer(token('bob')));
    await socket.next('welcome');
    const alteration = { operation: 'update', changes: { n: 2 }, version: 2 };
    await as('ann').post(`/api/atome/${id}/alter`, { operation: 'update', changes: { n: 2 } });
    for (const guess of [2, 3]) {
      socket.send({ type: 'atome:altered', atomeId: id, alteration: { ...alteration, changes: { n: guess } } });
      expect(await socket.next('error')).toMatchObject({ code: 'not_found' });
    }
  });

  it('are changed over the socket and by a push, too', async () => {
    const id = await make();
    const socket = await server.connect(bearer(token('ann')));
    await socket.next('welcome');
    const op = (opId: string, access: unknown) => ({ opId, operation: 'share', atomeId: id, changes: { access } });
    socket.send({ type: 'mutate', ...op(randomUUID(), 'private') });
    expect(await socket.answer()).toMatchObject({ type: 'ack', version: 2 });
    const { body } = await as('ann').post('/api/sync/push', { operations: [op(randomUUID(), 'tenant')] });
    expect(body.results).toMatchObject([{ type: 'ack', version: 3 }]);
  });

  describe('inherited', () => {
    const child = (parentId: string, by = as('ann')): Promise<string> => make({ parentId, access: 'inherit' }, by);

    it('are those of the parent, whose owner has them too', async () => {
      const parent = await make({ access: { read: ['cid'], write: ['bob'] } });
      const one = await child(parent, as('bob'));
      const two = await child(one, as('bob'));
      const inherited = { read: ['cid'], write: ['bob', 'ann'] };
      expect(await accessOf(one)).toEqual({ access: 'inherit', inherited });
      expect(await accessOf(two)).toEqual({ access: 'inherit', inherited });
      expect(await as('ann').patch(`/api/atome/${two}`, { n: 2 })).toMatchObject({ status: 200 });
    });

    it('change with those of the parent, each in an alteration of its own', async () => {
      const parent = await make();
      const [one, own] = [await child(parent), await make({ parentId: parent })];
      const two = await child(one);
      const { seq } = (await share(parent, 'private')).body as { seq: number };
      await propagated(server);
      const { events } = (await as('dee', 'admin').get(`/api/sync/changes?since=${seq - 1}`)).body as {
        events: object[];
      };
      const change = { operation: 'share', author: 'ann', reason: `inherited from ${parent}` };
      expect(events).toMatchObject([
        { type: 'atome:altered', atomeId: parent, seq },
        { type: 'atome:altered', atomeId: one, seq: seq + 1, alteration: { ...change, version: 2 } },
        { type: 'atome:altered', atomeId: two, seq: seq + 2, alteration: { ...change, version: 2 } },
      ]);
      expect(events).toHaveLength(3);
      expect((await as('bob').get(`/api/atome/${own}`)).status).toBe(200);
      expect((await as('bob').get(`/api/atome/${two}`)).status).toBe(404);
    });

    it('change when the atome moves, which its owner may let it do', async () => {
      const [closed, open] = [await make({ access: 'private' }), await make()];
      const one = await child(open);
      const two = await child(one);
      const move = (parentId: string | null, by: Api): Promise<Answer> => by.put(`/api/atome/${one}`, { parentId });
      expect(await move(closed, as('bob'))).toMatchObject({ status: 404, body: { code: 'not_found' } });
      await share(closed, { read: ['bob'], write: [] });
      expect(await move(closed, as('bob'))).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      expect(await move(closed, as('ann'))).toMatchObject({ status: 200, body: { version: 2 } });
      expect(await accessOf(two)).toEqual({ access: 'inherit', inherited: { read: ['bob'], write: ['ann'] } });
      expect(await move(null, as('ann'))).toMatchObject({ status: 400 });
      // back to where it was, by its history
      expect(await as('ann').post(`/api/atome/${one}/restore`, { version: 1 })).toMatchObject({ status: 200 });
      expect(await accessOf(two)).toEqual({ access: 'inherit', inherited: 'tenant' });
    });

    it('never go round in a circle', async () => {
      const parent = await make();
      const one = await child(parent);
      const two = await child(one);
      await as('ann').put(`/api/atome/${parent}`, { parentId: two });
      expect(await share(parent, 'inherit')).toMatchObject({ status: 400, body: { errors: [{ path: 'parentId' }] } });
      const self = randomUUID();
      const body = { id: self, kind: 'note', data: {}, parentId: self, access: 'inherit' };
      expect(await as('ann').post('/api/atome/create', body)).toMatchObject({ status: 404 });
    });

    it('are not those of a parent that is not there, or may not be seen', async () => {
      const hidden = await make({ access: 'private' });
      for (const parentId of [hidden, randomUUID()]) {
        const body = { kind: 'note', data: {}, parentId, access: 'inherit' };
        const { status, body: said } = await as('bob').post('/api/atome/create', body);
        expect([status, said.detail]).toEqual([
          404,
          `there is no atome "${parentId}"; nothing can be inherited from it`,
        ]);
      }
    });
  });

  it.each([
    (id: string) => ({ type: 'atome:deleted', atomeId: id }),
    (id: string) => ({ type: 'atome:deleted', atomeId: id, version: 1 }),
    (id: string) => ({ type: 'atome:deleted', atome: { id } }),
    (id: string) => ({ type: 'atome:altered', atomeId: id, alteration: { operation: 'update', changes: { a: 1 } } }),
    (id: string) => ({ type: 'atome:altered', atomeId: id, alteration: { operation: 'rename', newName: 'b' } }),
    (id: string) => ({
      type: 'atome:altered',
      atomeId: id,
      alteration: { operation: 'restore', changes: { version: 1 } },
    }),
    (id: string) => ({ type: 'atome:updated', atome: { id, data: { a: 1 } } }),
  ])('say to a message of the original client what they say of an id that nobody has: %s', async (messageOf) => {
    const hidden = await make({ access: 'private' });
    const deleted = await make({ access: 'private' });
    await as('ann').delete(`/api/atome/${deleted}`);
    const socket = await server.connect(bearer(token('bob')));
    const answers: string[] = [];
    for (const id of [randomUUID(), hidden, deleted]) {
      socket.send(messageOf(id));
      answers.push(JSON.stringify(await socket.next('error')).replaceAll(id, 'it'));
    }
    expect(answers).toEqual([answers[0], answers[0], answers[0]]);
    await socket.close();
  });
});
