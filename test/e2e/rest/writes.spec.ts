import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MERGE_PATCH, JSON_PATCH } from '../../../src/protocol/index.js';
import type { TestApp } from '../../support/server/app.js';
import { DATABASES } from '../../support/databases/databases.js';
import { startOn } from '../../support/server/server-on.js';

/** Opaque: who reads a version out of it would be misled. */
const ETAG = /^"[\w-]{16}"$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe.each(DATABASES)('a write over REST, on %s', (_database, create) => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startOn(create);
  });
  afterAll(() => server.close());

  async function note(data: Record<string, unknown> = { title: 'one', content: 'text' }): Promise<string> {
    return `/api/atome/${String((await server.api.create(data)).id)}`;
  }

  it('keeps any text that JSON can say', async () => {
    const data = { text: 'a\u0000b', half: '\ud800', quoted: '\\u0000"\u2028' };
    const path = await note(data);
    expect((await server.api.get(path)).body).toMatchObject({ atome: { data } });
  });

  it('creates an atome and names it', async () => {
    const { status, headers, body } = await server.api.post('/api/atome/create', { kind: 'note', data: { a: 1 } });
    expect(status).toBe(201);
    expect(headers.get('etag')).toMatch(ETAG);
    expect(body).toEqual({
      success: true,
      id: expect.stringMatching(UUID),
      version: 1,
      seq: expect.any(Number),
      atome: {
        id: body.id,
        kind: 'note',
        type: null,
        data: { a: 1 },
        meta: {},
        parentId: null,
        ownerId: expect.any(String),
        version: 1,
        createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
        updatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        deletedAt: null,
      },
    });
  });

  it('creates an atome with all that one can say of it', async () => {
    const content = { kind: 'note', type: 'memo', data: { a: null }, meta: { tags: ['x'] }, parentId: 'p1' };
    const { body } = await server.api.post('/api/atome/create', { id: 'my:id_1.-', ...content });
    expect(body).toMatchObject({ id: 'my:id_1.-', atome: content });
  });

  it('creates the same atome once, and refuses another under its id', async () => {
    const id = 'twice';
    const createWith = (data: unknown) => server.api.post('/api/atome/create', { id, kind: 'note', data });
    const first = await createWith({ a: 1 });
    expect(await createWith({ a: 1 })).toMatchObject({ status: 201, body: { seq: first.body.seq, version: 1 } });
    expect(await createWith({ a: 2 })).toMatchObject({ status: 409, body: { code: 'exists' } });
  });

  it.each([
    ['update', { title: 'two', list: [1] }, { title: 'two', content: 'text', list: [1] }],
    ['update', { title: null }, { title: null, content: 'text' }],
    ['patch', { title: null }, { content: 'text' }],
    ['patch', [{ op: 'add', path: '/title', value: 'two' }], { title: 'two', content: 'text' }],
    ['rename', { name: 'N' }, { title: 'one', content: 'text', name: 'N' }],
  ])('alters by %s %j', async (operation, changes, data) => {
    const path = await note();
    const { status, headers, body } = await server.api.post(`${path}/alter`, { operation, changes, reason: 'why' });
    expect(status).toBe(200);
    expect(headers.get('etag')).toMatch(ETAG);
    expect(body).toMatchObject({
      success: true,
      version: 2,
      atome: { data, version: 2 },
      alteration: { seq: body.seq, version: 2, operation, changes, reason: 'why', superseded: [] },
    });
    expect((await server.api.get(path)).body.atome).toEqual(body.atome);
  });

  it('alters the tags', async () => {
    const path = await note();
    const { body } = await server.api.post(`${path}/alter`, { operation: 'tag', changes: { tags: ['a', 'b'] } });
    expect(body).toMatchObject({ version: 2, atome: { meta: { tags: ['a', 'b'] }, data: { title: 'one' } } });
  });

  it('adds nothing when it would change nothing', async () => {
    const path = await note();
    const again = await server.api.post(`${path}/alter`, { operation: 'update', changes: { title: 'one' } });
    expect(again).toMatchObject({ status: 200, body: { success: true, version: 1, alteration: null } });
  });

  it('replaces with PUT what is named, whole', async () => {
    const path = await note();
    const { status, body } = await server.api.put(path, { data: { only: 1 }, kind: 'task', meta: { m: 1 } });
    expect(status).toBe(200);
    expect(body).toMatchObject({ version: 2, alteration: { operation: 'replace' } });
    expect(body.atome).toMatchObject({ kind: 'task', type: null, data: { only: 1 }, meta: { m: 1 }, parentId: null });
  });

  it('patches by content type', async () => {
    const path = await note();
    const merged = await server.api.patch(path, { title: 'two', content: null }, MERGE_PATCH);
    expect(merged).toMatchObject({ status: 200, body: { version: 2, atome: { data: { title: 'two' } } } });
    const steps = [
      { op: 'test', path: '/title', value: 'two' },
      { op: 'move', from: '/title', path: '/name' },
    ];
    const stepped = await server.api.patch(path, steps, `${JSON_PATCH}; charset=utf-8`);
    expect(stepped).toMatchObject({ status: 200, body: { version: 3, alteration: { changes: steps } } });
    expect(stepped.body.atome).toMatchObject({ data: { name: 'two' } });
  });

  it('renames and says from what to what', async () => {
    const path = await note({ name: 'old' });
    const renamed = await server.api.post(`${path}/rename`, { newName: 'new' });
    expect(renamed).toMatchObject({ status: 200, body: { success: true, version: 2, oldName: 'old', newName: 'new' } });
    expect(renamed.body).toMatchObject({ atome: { data: { name: 'new' } }, alteration: { operation: 'rename' } });
    const nameless = await server.api.post(`${await note({})}/rename`, { newName: 'first' });
    expect(nameless.body).toMatchObject({ oldName: null, newName: 'first' });
  });

  it.each([
    ['a reason', { reason: 'done' }, {}],
    ['an empty body', '', { 'content-type': 'application/json' }],
    ['an empty object', {}, {}],
    ['no body', undefined, {}],
  ])('deletes with %s', async (_with, sent, headers: Record<string, string>) => {
    const path = await note();
    const { status, body } = await server.api.delete(path, sent, headers);
    expect(status).toBe(200);
    expect(body).toMatchObject({ success: true, deletedAt: expect.any(String), version: 2, restorable: true });
    expect(await server.api.get(path)).toMatchObject({
      status: 410,
      body: { code: 'gone', deletedAt: body.deletedAt },
    });
  });

  it('deletes once, however often it is asked to', async () => {
    const path = await note();
    const first = await server.api.delete(path);
    expect((await server.api.delete(path)).body).toEqual(first.body);
    expect(await server.api.put(path, { data: {} })).toMatchObject({ status: 410, body: { code: 'gone' } });
  });

  it('restores an earlier version as a new one', async () => {
    const path = await note({ title: 'one' });
    await server.api.put(path, { data: { title: 'two', more: 1 } });
    const restored = await server.api.post(`${path}/restore`, { version: 1, reason: 'better' });
    expect(restored).toMatchObject({
      status: 200,
      body: { success: true, restoredToVersion: 1, newVersion: 3, data: { title: 'one' } },
    });
  });

  it('brings a deleted atome back', async () => {
    const path = await note({ title: 'one' });
    await server.api.delete(path);
    expect(await server.api.post(`${path}/restore`, { version: 1 })).toMatchObject({ status: 200 });
    expect((await server.api.get(path)).body.atome).toMatchObject({
      deletedAt: null,
      data: { title: 'one' },
      version: 3,
    });
  });

  it('takes effect only at the version of If-Match', async () => {
    const path = await note();
    const put = (tag: string) => server.api.put(path, { data: { tag } }, { 'if-match': tag });
    expect(await put('"v1"')).toMatchObject({ status: 200, body: { version: 2 } });
    expect(await put('"v1"')).toMatchObject({ status: 412, body: { code: 'precondition_failed', version: 2 } });
    expect(await put('*')).toMatchObject({ status: 200, body: { version: 3 } });
    const stale = { 'if-match': '"v2"' };
    for (const refused of [
      server.api.post(`${path}/alter`, { operation: 'update', changes: { a: 1 } }, stale),
      server.api.post(`${path}/rename`, { newName: 'x' }, stale),
      server.api.post(`${path}/restore`, { version: 1 }, stale),
      server.api.patch(path, { a: 1 }, MERGE_PATCH, stale),
      server.api.delete(path, undefined, stale),
    ]) {
      expect(await refused).toMatchObject({ status: 412 });
    }
  });

  it('is refused where there is no such atome', async () => {
    for (const refused of [
      server.api.get('/api/atome/nobody'),
      server.api.get('/api/atome/nobody/history'),
      server.api.post('/api/atome/nobody/alter', { operation: 'update', changes: { a: 1 } }),
      server.api.put('/api/atome/nobody', { data: {} }),
      server.api.patch('/api/atome/nobody', { a: 1 }),
      server.api.post('/api/atome/nobody/rename', { newName: 'x' }),
      server.api.post('/api/atome/nobody/restore', { version: 1 }),
      server.api.delete('/api/atome/nobody'),
    ]) {
      expect(await refused).toMatchObject({ status: 404, body: { code: 'not_found', success: false } });
    }
  });
});
