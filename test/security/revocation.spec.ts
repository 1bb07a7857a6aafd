import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AtomeEvent } from '../../src/protocol/index.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { bearer, type Api } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { createFile, type Database } from '../support/databases/databases.js';
import { EventStream } from '../support/clients/event-stream.js';
import { idOf, LiveReader } from '../support/clients/live-reader.js';
import { createDatabase } from '../support/databases/postgres.js';
import type { TestSocket } from '../support/clients/socket.js';

const BOB = { sub: 'bob', groups: ['staff'] };
const PLACES: readonly (readonly [string, () => Promise<Database>, number])[] = [
  ['one server on SQLite', async () => createFile(), 1],
  ['two servers on PostgreSQL', createDatabase, 2],
];

describe.each(PLACES)('a right taken away during a flood, on %s', (_name, create, count) => {
  let database: Database;
  let servers: TestApp[];
  beforeEach(async () => {
    database = await create();
    const environment = { ...WITH_TOKENS, DATABASE_URL: database.url };
    servers = await Promise.all(Array.from({ length: count }, () => startApp(environment)));
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await database.drop();
  });

  it('ends what its reader gets at that seq, on every door and every server', async () => {
    const ann = servers[0]!.api.as(tokenOf('writer', { sub: 'ann' }));
    await ann.create({ n: 0 }, { id: 'top', access: { read: ['group:staff'], write: [] } });
    await ann.create({ n: 0 }, { id: 'doc', parentId: 'top', access: 'inherit' });
    const token = tokenOf('reader', BOB);
    const readers = await Promise.all(servers.map((server) => LiveReader.open(server, token)));

    let revoked = 0;
    const flood = async (): Promise<void> => {
      for (let n = 1; n <= 300; n += 1) {
        if (n === 150) revoked = await share(ann, 'private');
        else await ann.patch(`/api/atome/doc`, { n });
      }
    };
    await flood();
    const { seq } = await ann.create({}, { id: 'end' });
    const left = { type: 'atome:left', atomeId: 'doc', reason: 'access', seq: revoked + 1 };
    const told = await Promise.all(readers.map((reader) => reader.until(seq as number)));
    // before that it was a flood; another server may have heard of both at once
    for (const events of told[0]!) expect(events.length).toBeGreaterThan(100);
    for (const events of told.flat()) {
      expect(events.filter((event) => event.seq > revoked && idOf(event) !== 'end')).toEqual([left]);
      expect(events.filter(({ type }) => type === 'atome:left')).toEqual([
        { ...left, atomeId: 'top', seq: revoked },
        left,
      ]);
    }
    // who asks now, with a cursor from before, is told the same and no more
    for (const server of servers) {
      const { events } = (await server.api.as(token).get('/api/sync/changes?since=2&limit=1000')).body as {
        events: AtomeEvent[];
      };
      expect(events.map((event) => [event.type, event.seq])).toEqual([
        ['atome:left', revoked],
        ['atome:left', revoked + 1],
        ['atome:created', seq],
      ]);
    }
    await Promise.all(readers.map((reader) => reader.close()));
  });
});

async function share(api: Api, access: unknown): Promise<number> {
  const { status, body } = await api.post('/api/atome/top/share', { access });
  expect(status).toBe(200);
  return body.seq as number;
}

describe('a token with other rights', () => {
  let server: TestApp;
  let ann: Api;
  const token = (groups: string[], role = 'reader'): string => tokenOf(role, { sub: 'bob', groups });
  beforeEach(async () => {
    server = await startApp(WITH_TOKENS);
    ann = server.api.as(tokenOf('writer', { sub: 'ann' }));
    await ann.create({ n: 1 }, { id: 'top', access: { read: ['group:staff'], write: [] } });
  });
  afterEach(() => server.close());

  const connect = async (by: string): Promise<TestSocket> => {
    const socket = await server.connect(bearer(by));
    await socket.next('welcome');
    return socket;
  };
  const renew = async (socket: TestSocket, by: string): Promise<void> => {
    socket.send({ type: 'auth', token: by });
    await socket.next('auth:success');
  };

  it('has a range reader begin anew, and shows it nothing before', async () => {
    const socket = await connect(token(['staff']));
    socket.send({ type: 'subscribe', since: 0 });
    const { rights } = await socket.next('subscribed');
    await socket.next('sync:live');
    await renew(socket, token([]));
    expect(await socket.next('sync:reset')).toMatchObject({ reason: 'access', head: 1 });
    await ann.patch('/api/atome/top', { n: 2 });
    await ann.create({}, { id: 'open' });
    socket.send({ type: 'subscribe', since: 1, rights });
    expect(await socket.next('sync:reset')).toMatchObject({ reason: 'access', head: 3 });
    socket.send({ type: 'subscribe', since: 0 });
    expect((await socket.next('subscribed')).rights).not.toBe(rights);
    await socket.next('sync:live');
    expect(socket.all('events').map(({ events }) => events.map(idOf))).toEqual([['top'], ['open']]);
  });

  it('shows a plain reader from there on what it may see by then', async () => {
    const socket = await connect(token([]));
    await socket.settled();
    await ann.patch('/api/atome/top', { n: 2 });
    await renew(socket, token(['staff']));
    await ann.patch('/api/atome/top', { n: 3 });
    expect((await socket.next('atome:altered')).seq).toBe(3);
    await renew(socket, token([]));
    await ann.patch('/api/atome/top', { n: 4 });
    await ann.create({}, { id: 'open' });
    expect((await socket.next('atome:created')).seq).toBe(5);
    expect(socket.all('atome:altered')).toHaveLength(1);
    expect(socket.all('sync:reset')).toEqual([]);
  });

  it('changes nothing where the rights are the same', async () => {
    const socket = await connect(token(['staff', 'more']));
    socket.send({ type: 'subscribe', since: 0 });
    const { rights } = await socket.next('subscribed');
    await renew(socket, token(['more', 'staff']));
    await ann.patch('/api/atome/top', { n: 2 });
    await socket.next('events', ({ to }) => to === 2);
    socket.send({ type: 'subscribe', since: 2, rights });
    expect((await socket.next('subscribed')).rights).toBe(rights);
    expect(socket.all('sync:reset')).toEqual([]);
  });

  it('is noticed by those who ask, by what they were told before', async () => {
    const [staff, nobody] = [server.api.as(token(['staff'])), server.api.as(token([]))];
    const { rights } = (await staff.get('/api/sync/changes?since=0')).body as { rights: string };
    const [head] = (await staff.get('/api/sync/snapshot')).text.split('\n');
    expect(JSON.parse(head!)).toMatchObject({ rights });
    expect((await staff.get('/api/server-info')).body).toMatchObject({ rights });
    expect(await staff.get(`/api/sync/changes?since=1&rights=${rights}`)).toMatchObject({ status: 200 });
    expect(await nobody.get(`/api/sync/changes?since=1&rights=${rights}`)).toMatchObject({
      status: 409,
      body: { code: 'reset', reason: 'access', head: 1 },
    });
    const stream = EventStream.open(`${server.url}/api/sync/changes?since=1&rights=${rights}`, bearer(token([])));
    await expect(stream).rejects.toThrow('409');
  });

  it('that may only read ends no reading, and every write', async () => {
    const socket = await connect(tokenOf('writer', { sub: 'bob' }));
    const write = { type: 'mutate', operation: 'create', kind: 'note', data: {} };
    socket.send({ ...write, opId: randomUUID() });
    expect(await socket.answer()).toMatchObject({ type: 'ack' });
    await renew(socket, token([]));
    socket.send({ ...write, opId: randomUUID() });
    expect(await socket.answer()).toMatchObject({ type: 'nack', error: { code: 'forbidden' } });
  });
});
