import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Feed } from '../../../src/feed/feed.js';
import { ledgerKeyOf } from '../../../src/ledger/compaction/checkpoint.js';
import { Compactor } from '../../../src/ledger/compaction/compactor.js';
import { LEDGER_STORE } from '../../../src/ledger/store.js';
import type { SqlStore } from '../../../src/ledger/stores/sql.store.js';
import { EventStream } from '../../support/clients/event-stream.js';
import { createFile, type Database } from '../../support/databases/databases.js';
import { startApp, type TestApp } from '../../support/server/app.js';

const FLOOR = 7;
const HEAD = 8;
/** A hash that nothing has. */
const OTHER = '0a'.repeat(32);

/* Another process has archived what a server has still to tell, or believes to be there. */
describe('a reader below the floor of a ledger', () => {
  let database: Database;
  let writing: TestApp;
  let server: TestApp;
  let folder: string;
  beforeEach(async () => {
    // servers of one PostgreSQL hear of each other at once
    database = createFile();
    folder = await mkdtemp(join(tmpdir(), 'archive-'));
    writing = await startApp({ DATABASE_URL: database.url });
    await writing.api.create({ n: 1 }, { id: 'a' });
    await writing.api.create({ n: 1 }, { id: 'b' });
    server = await startApp({ DATABASE_URL: database.url });
    // it hears of nothing by itself
    server.app.get(Feed, { strict: false }).lookEvery(3_600_000);
  });
  afterEach(async () => {
    await server.close();
    await writing.close();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const goOn = async (): Promise<void> => {
    for (let n = 2; n <= 7; n += 1) await writing.api.patch('/api/atome/a', { n });
    const store = writing.app.get<SqlStore>(LEDGER_STORE, { strict: false });
    const compactor = new Compactor(store, { folder, key: ledgerKeyOf('a secret of the spec') });
    for await (const { floor } of compactor.run(['default'], { seq: FLOOR + 1 })) expect(floor).toBe(FLOOR);
  };
  const tail = async () => (await server.app.get(Feed, { strict: false }).log('default')).tail;
  const reset = { reason: 'compacted', head: HEAD };
  const compactData = (events: readonly object[]): unknown =>
    events.map((event) => (event as { atome: { id: string; data: object } }).atome).map(({ id, data }) => [id, data]);
  const ALL = [
    ['b', { n: 1 }],
    ['a', { n: 7 }],
  ];

  it('on a socket is told so, and takes all there is compactly from the start on', async () => {
    const socket = await server.connect();
    socket.send({ type: 'subscribe', since: 1 });
    await socket.next('sync:live');
    await goOn();
    await (await tail()).refresh();
    expect(await socket.next('sync:reset')).toMatchObject(reset);
    socket.send({ type: 'subscribe', since: 2 });
    expect(await socket.next('sync:reset')).toMatchObject(reset);
    socket.send({ type: 'subscribe', since: 0 });
    await socket.next('sync:live');
    const told = socket.all('events').flatMap(({ events }) => events);
    expect(compactData(told.slice(-2))).toEqual(ALL);
    socket.send({ type: 'subscribe', since: FLOOR });
    await socket.next('sync:live');
    expect(socket.all('events').at(-1)).toMatchObject({ from: FLOOR, to: HEAD });
  });

  it('on a plain connection goes on from the head', async () => {
    const socket = await server.connect();
    await socket.settled();
    await goOn();
    await (await tail()).refresh();
    await writing.api.patch('/api/atome/b', { n: 2 });
    await (await tail()).refresh();
    expect(await socket.next('atome:altered')).toMatchObject({ seq: HEAD + 1, atome: { id: 'b', data: { n: 2 } } });
    expect(socket.all('atome:altered')).toHaveLength(1);
    expect(socket.all('atome:deleted')).toEqual([]);
  });

  it('of server-sent events is told so on its stream, or before it begins', async () => {
    const open = (query: string): Promise<EventStream> => EventStream.open(`${server.url}/api/sync/changes?${query}`);
    const stream = await open('since=2');
    expect(await stream.next()).toMatchObject({ type: 'sync:live' });
    await goOn();
    await (await tail()).refresh();
    expect(await stream.next()).toMatchObject({ type: 'sync:reset', data: reset });
    expect(await stream.next()).toBeUndefined();
    await expect(open('since=2')).rejects.toThrow(/409.*compacted/);
    const whole = await open('since=0');
    expect(compactData((await whole.take(2)).map(({ data }) => data))).toEqual(ALL);
    whole.close();
  });

  it('of a long poll that waits is cut off, and told so when it asks again', async () => {
    const poll = (query: string): Promise<Response> => fetch(`${server.url}/api/sync/changes?${query}`);
    const response = await poll('since=2&wait=55');
    await goOn();
    await (await tail()).refresh();
    await expect(response.text()).rejects.toThrow('terminated');
    const again = await poll('since=2&wait=55');
    expect([again.status, await again.json()]).toMatchObject([409, { code: 'reset', ...reset }]);
    expect((await poll(`since=0&compact=true&hash=${OTHER}`)).status).toBe(200);
    expect((await poll(`since=3&compact=true&hash=${OTHER}`)).status).toBe(409);
    expect((await poll(`since=${FLOOR}`)).status).toBe(200);
  });

  it('is told so also by a server that does not know yet of the floor', async () => {
    await (await tail()).isArchived(0);
    await goOn();
    await (await tail()).refresh();
    (await tail()).forget();
    expect(await server.api.get('/api/sync/changes?since=2')).toMatchObject({
      status: 409,
      body: { reason: 'compacted' },
    });
  });
});
