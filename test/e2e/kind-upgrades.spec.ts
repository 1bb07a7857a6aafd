import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AtomeService, type BeforeWrite, type Kinds } from '../../src/index.js';
import type { JsonObject } from '../../src/protocol/index.js';
import { audit, DATABASES, type Database } from '../support/databases/databases.js';
import type { TestSocket } from '../support/clients/socket.js';
import { startApp, type TestApp } from '../support/server/app.js';

/** Version 1 has `name`, version 2 `first` and `last`, version 3 has `age` as a number. */
const steps: readonly ((data: JsonObject) => JsonObject)[] = [
  ({ name, ...rest }) => {
    if (name === 'broken') throw new Error('no such name');
    const [first = '', last = ''] = (typeof name === 'string' ? name : '').split(' ');
    return { ...rest, first, last };
  },
  (data) => {
    // what it does to what it is given is its own affair
    data.age = Number(data.age ?? 0);
    return data;
  },
];

const schemas = {
  1: { properties: { name: { type: 'string' }, age: {}, note: {} }, additionalProperties: false },
  3: {
    required: ['first'],
    properties: { first: { type: 'string' }, last: {}, age: { type: 'number' }, note: {} },
    additionalProperties: false,
  },
};

let seen: unknown;
const hook: BeforeWrite = (_mutation, { atome }) => {
  seen = atome?.data;
};

const OLDER: Kinds = { person: { schema: schemas[1] } };
const NEWER: Kinds = { person: { schema: schemas[3], upgrades: steps, beforeWrite: hook } };

describe.each(DATABASES)('a schema that has had versions, on %s', (_database, create) => {
  let database: Database;
  let older: TestApp;
  let newer: TestApp;
  let socket: TestSocket;
  beforeAll(async () => {
    database = await create();
    older = await startApp({ DATABASE_URL: database.url }, { kinds: OLDER });
    await older.api.create({ name: 'Ada Lovelace', age: '36' }, { id: 'ada', kind: 'person' });
    await older.api.create({ name: 'broken' }, { id: 'broken', kind: 'person' });
    await older.api.create({ name: 'No One' }, { id: 'gone', kind: 'person' });
    await older.api.delete('/api/atome/gone');
    newer = await startApp({ DATABASE_URL: database.url }, { kinds: NEWER });
    socket = await newer.connect();
  });
  afterAll(async () => {
    await newer.close();
    await older.close();
    expect((await audit(database.url)).result).toMatchObject({ fault: undefined });
    await database.drop();
  });

  let ids = 0;
  /** Written by a server that knows of no newer version, while the other one runs. */
  const old = async (data: JsonObject = { name: 'Alan Turing', age: '41' }): Promise<string> => {
    const id = `old-${(ids += 1)}`;
    await older.api.create(data, { id, kind: 'person' });
    return id;
  };
  const get = async (id: string) => (await newer.api.get(`/api/atome/${id}`)).body.atome as Record<string, unknown>;
  const alan = { first: 'Alan', last: 'Turing', age: 41, schemaVersion: 3 };

  it('brings older atomes up when a server starts, by a write that history and readers have', async () => {
    socket.send({ type: 'subscribe', since: 1 });
    const isUpgrade = (event: object): boolean =>
      'alteration' in event && (event.alteration as { author?: string }).author === 'system';
    const { events } = await socket.next('events', (frame) => frame.events.some(isUpgrade));
    expect(events.find(isUpgrade)).toMatchObject({
      alteration: { operation: 'patch', atomeId: 'ada', reason: 'schema version 3', version: 2 },
    });
    const data = { first: 'Ada', last: 'Lovelace', age: 36, schemaVersion: 3 };
    expect(await get('ada')).toMatchObject({ version: 2, data });
    expect((await newer.api.get('/api/atome/ada?version=1')).body.atome).toMatchObject({
      data: { name: 'Ada Lovelace' },
    });
    expect((await older.api.get('/api/atome/ada')).body.atome).toMatchObject({ version: 2, data });
  });

  it('shows an older atome by the newest version, before anybody has written to it', async () => {
    const id = await old();
    expect(await get(id)).toMatchObject({ version: 1, data: alan });
    const { body } = await newer.api.get(`/api/atome/list?kind=person&limit=100`);
    expect((body.data as { id: string }[]).find((each) => each.id === id)).toMatchObject({ version: 1, data: alan });
    const service = newer.app.get(AtomeService, { strict: false });
    expect(await service.get(id)).toMatchObject({ version: 1, data: alan });
  });

  it.each<[name: string, write: (id: string) => Promise<unknown>]>([
    ['alter', (id) => newer.api.post(`/api/atome/${id}/alter`, { operation: 'update', changes: { note: 'x' } })],
    ['PATCH', (id) => newer.api.patch(`/api/atome/${id}`, { note: 'x' })],
    [
      'an atomic push',
      (id) => {
        const operations = [{ opId: `p-${id}`, operation: 'update', atomeId: id, changes: { note: 'x' } }];
        return newer.api.post('/api/sync/push', { atomic: true, operations });
      },
    ],
    [
      'mutate',
      async (id) => {
        const writer = await newer.connect();
        writer.send({ type: 'mutate', opId: `m-${id}`, operation: 'update', atomeId: id, changes: { note: 'x' } });
        return writer.next('ack');
      },
    ],
  ])('brings an older atome up before a write by %s', async (_name, write) => {
    const id = await old();
    await write(id);
    expect(await get(id)).toMatchObject({ version: 3, data: { ...alan, note: 'x' } });
    expect(seen).toMatchObject(alan);
  });

  it('takes what was said of the atome for what the upgrade has made of it', async () => {
    const [byTag, byVersion, pushed] = [await old(), await old(), await old()];
    const shown = await newer.api.get(`/api/atome/${byTag}`);
    const tag = shown.headers.get('etag')!;
    const patched = (id: string, ifMatch: string) =>
      newer.api.patch(`/api/atome/${id}`, { note: 'x' }, undefined, { 'if-match': ifMatch });
    expect(await patched(byTag, '"other"')).toMatchObject({ status: 412 });
    expect((await patched(byTag, tag)).body).toMatchObject({ version: 3, atome: { data: { ...alan, note: 'x' } } });
    expect((await patched(byVersion, '"v1"')).body).toMatchObject({ version: 3 });
    expect(await patched(byVersion, '"v2"')).toMatchObject({ status: 412 });
    const write = { opId: `b-${pushed}`, operation: 'update', atomeId: pushed, changes: { note: 'x' }, baseVersion: 1 };
    const { body } = await newer.api.post('/api/sync/push', { operations: [write] });
    expect(body.results).toMatchObject([{ type: 'ack', version: 3 }]);
  });

  it('brings all of an atomic push up at once', async () => {
    const ids = [];
    for (let n = 0; n < 20; n += 1) ids.push(await old());
    const operations = ids.map((atomeId) => ({
      opId: `a-${atomeId}`,
      operation: 'update',
      atomeId,
      changes: { note: 'x' },
    }));
    const { body } = await newer.api.post('/api/sync/push', { atomic: true, operations });
    expect(body.results).toEqual(ids.map(() => expect.objectContaining({ type: 'ack', version: 3 })));
  });

  it('is no hindrance to taking away, nor to what is written whole', async () => {
    const [deleted, whole] = [await old(), await old()];
    expect((await newer.api.delete(`/api/atome/${deleted}`)).status).toBe(200);
    expect((await newer.api.put(`/api/atome/${whole}`, { data: { first: 'A' } })).body).toMatchObject({
      success: true,
    });
    expect(await get(whole)).toMatchObject({ version: 2, data: { first: 'A', schemaVersion: 3 } });
    // and what comes back comes as the newest version has it
    expect((await newer.api.post(`/api/atome/${whole}/restore`, { version: 1 })).body).toMatchObject({ success: true });
    expect((await newer.api.post(`/api/atome/${deleted}/restore`, { version: 1 })).body).toMatchObject({
      success: true,
    });
    expect([await get(whole), await get(deleted)]).toMatchObject([{ data: alan }, { data: alan }]);
  });

  it('takes what an older client creates, who says so', async () => {
    const made = async (data: JsonObject) => (await newer.api.create(data, { kind: 'person' })).atome;
    expect(await made({ name: 'Grace Hopper', age: '85', schemaVersion: 1 })).toMatchObject({
      data: { first: 'Grace', last: 'Hopper', age: 85, schemaVersion: 3 },
    });
    expect(await made({ first: 'Grace' })).toMatchObject({ data: { first: 'Grace', schemaVersion: 3 } });
    const { body } = await newer.api.post('/api/atome/create', { kind: 'person', data: { name: 'Grace' } });
    expect(body).toMatchObject({ code: 'invalid' });
  });

  it('lets nobody say that an atome is of another version', async () => {
    const { id } = await newer.api.create({ first: 'Edsger' }, { kind: 'person' });
    for (const schemaVersion of [1, 4, null, '3']) {
      const { body } = await newer.api.patch(`/api/atome/${id as string}`, { schemaVersion });
      expect(body).toMatchObject({ code: 'invalid', errors: [{ path: '/data/schemaVersion' }] });
    }
    const patch = [{ op: 'remove', path: '/schemaVersion' }];
    const { body } = await newer.api.post(`/api/atome/${id as string}/alter`, { operation: 'patch', changes: patch });
    expect(body).toMatchObject({ code: 'invalid', errors: [{ path: '/data/schemaVersion' }] });
    expect((await newer.api.patch(`/api/atome/${id as string}`, { schemaVersion: 3, note: 'y' })).status).toBe(200);
  });

  it('leaves what others have written offline to keys that stay', async () => {
    const id = await old();
    const hlc = `${String(Date.now()).padStart(15, '0')}-ffff-offline`;
    await newer.api.patch(`/api/atome/${id}`, { last: 'T' });
    const write = { opId: 'late', operation: 'update', atomeId: id, changes: { note: 'late' }, hlc };
    const { body } = await newer.api.post('/api/sync/push', { operations: [write] });
    expect(body.results).toMatchObject([{ type: 'ack', version: 4 }]);
    expect(await get(id)).toMatchObject({ data: { ...alan, last: 'T', note: 'late' } });
  });

  it('leaves an atome as it is where its upgrade fails, and nobody else', async () => {
    expect(await get('broken')).toMatchObject({ version: 1, data: { name: 'broken' } });
    const { status, body } = await newer.api.patch('/api/atome/broken', { note: 'x' });
    expect([status, body.code]).toEqual([500, 'internal']);
    expect(await get('broken')).toMatchObject({ version: 1 });
    expect((await newer.api.delete('/api/atome/broken')).status).toBe(200);
  });

  it('tells of the version', async () => {
    const { body } = await newer.api.get('/api/schema');
    expect(body).toMatchObject({ kinds: { person: { schemaVersion: 3 } } });
  });
});
