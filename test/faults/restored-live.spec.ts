import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/server/app.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { EventStream } from '../support/clients/event-stream.js';
import { openRewind, type Rewind } from '../support/ledger/rewind.js';
import { FollowingClient } from '../support/clients/following-client.js';

const KEPT = 5;
const SEEN = 9;

describe.each(DATABASES)(
  'a ledger on %s that is put back to an older state under a running server',
  (_, createEmpty) => {
    let database: Database;
    let rewind: Rewind;
    const servers: TestApp[] = [];

    async function start(environment: Record<string, string> = {}): Promise<TestApp> {
      const server = await startApp({ DATABASE_URL: database.url, HEAD_POLL_MS: '20', ...environment });
      servers.push(server);
      return server;
    }

    async function create(server: TestApp, count = 1): Promise<void> {
      for (let n = 0; n < count; n += 1) await server.api.create({ n });
    }

    /** A server with a ledger of which a part will be taken back. */
    async function startWithPast(environment?: Record<string, string>): Promise<TestApp> {
      const server = await start(environment);
      await create(server, KEPT);
      await rewind.keep();
      await create(server, SEEN - KEPT);
      return server;
    }

    beforeEach(async () => {
      database = await createEmpty();
      rewind = await openRewind(database.url);
    });
    afterEach(async () => {
      await Promise.all(servers.splice(0).map((server) => server.close()));
      await rewind.close();
      await database.drop();
    });

    it('resets a range reader, which then goes on from the head', async () => {
      const server = await startWithPast();
      const follower = new FollowingClient();
      follower.connect(server);
      await follower.reached(SEEN);
      await rewind.putBack();
      const { reason, epoch, head } = await follower.reset();
      expect({ reason, head }).toEqual({ reason: 'forked', head: KEPT });
      follower.cursor = { epoch, since: head };
      follower.connect(server);
      await create(server);
      await follower.reached(KEPT + 1);
      follower.disconnect();
    });

    it('resets a plain reader, which stays live', async () => {
      const server = await startWithPast();
      const plain = await server.connect();
      await plain.next('welcome');
      await rewind.putBack();
      expect(await plain.next('sync:reset')).toMatchObject({ reason: 'forked', head: KEPT });
      await create(server);
      expect(await plain.next('atome:created')).toMatchObject({ seq: KEPT + 1 });
    });

    it('cuts a waiting long poll off, whose repetition is 409, and ends an event stream with sync:reset', async () => {
      const server = await startWithPast();
      const poll = server.api.get(`/api/sync/changes?since=${SEEN}&wait=60`);
      const isCut = expect(poll).rejects.toThrow('terminated');
      const stream = await EventStream.open(`${server.url}/api/sync/changes?since=${SEEN}`);
      await rewind.putBack();
      await isCut;
      const again = await server.api.get(`/api/sync/changes?since=${SEEN}&wait=60`);
      expect(again).toMatchObject({ status: 409, body: { code: 'reset', head: KEPT } });
      expect((await stream.take(2)).at(-1)).toMatchObject({ type: 'sync:reset', data: { reason: 'forked' } });
      expect(await stream.next()).toBeUndefined();
    });

    it('cuts off a long poll that waits where others have written another past', async () => {
      const server = await startWithPast({ HEAD_POLL_MS: '60000' });
      const poll = server.api.get(`/api/sync/changes?since=${SEEN}&wait=60`);
      const isCut = expect(poll).rejects.toThrow('terminated');
      // the poll has been taken when a later request is answered
      await server.api.get('/health');
      await rewind.putBack();
      await create(await start(), SEEN - KEPT);
      await create(server);
      await isCut;
    });

    it('is noticed at the next write when others have reached the same seq before this server looked', async () => {
      const server = await startWithPast({ HEAD_POLL_MS: '60000' });
      const follower = new FollowingClient();
      follower.connect(server);
      await follower.reached(SEEN);
      await rewind.putBack();
      const other = await start();
      await create(other, SEEN - KEPT);
      await create(server);
      expect(await follower.reset()).toMatchObject({ reason: 'forked', head: SEEN + 1 });
      follower.disconnect();
    });

    it('does no harm when an event stream has bytes under way', async () => {
      const server = await startWithPast({ UNSENT_BYTES: String(64 * 1024 * 1024) });
      const text = 'x'.repeat(500_000);
      for (let n = 0; n < 40; n += 1) await server.api.create({ text });
      const slow = connect(Number(new URL(server.url).port), '127.0.0.1');
      await once(slow, 'connect');
      slow.write(
        'GET /api/sync/changes?since=0 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: text/event-stream\r\n\r\n',
      );
      await once(slow, 'readable');
      const follower = new FollowingClient({ since: SEEN });
      follower.connect(server);
      await follower.reached(SEEN + 40);
      await rewind.putBack();
      await follower.reset();
      await create(server, 60);
      slow.resume();
      await once(slow, 'end');
      expect((await server.api.get('/health')).status).toBe(200);
      slow.destroy();
      follower.disconnect();
    });
  },
);
