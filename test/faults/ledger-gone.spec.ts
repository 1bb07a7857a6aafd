import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/server/app.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { ENTRY_POINTS } from '../support/entry-points.js';
import { openRewind, type Rewind } from '../support/ledger/rewind.js';
import { FollowingClient } from '../support/clients/following-client.js';

describe.each(DATABASES)(
  'a copy on %s from before a tenant began, put back under a running server',
  (_, createEmpty) => {
    let database: Database;
    let rewind: Rewind;
    let server: TestApp;
    let follower: FollowingClient;

    beforeEach(async () => {
      database = await createEmpty();
      server = await startApp({ DATABASE_URL: database.url, HEAD_POLL_MS: '20' });
      rewind = await openRewind(database.url);
      await rewind.keep();
      await server.api.create();
      await server.api.create();
      follower = new FollowingClient();
      follower.connect(server);
      await follower.reached(2);
    });
    afterEach(async () => {
      follower.disconnect();
      await server.close();
      await rewind.close();
      await database.drop();
    });

    it.each(ENTRY_POINTS)('takes the next write, by %s, into a new ledger', async (_door, create) => {
      await rewind.putBack();
      expect(await create(server, 'again')).toEqual({});
      expect(await follower.reset()).toMatchObject({ reason: 'epoch' });
      expect((await server.api.get('/api/atome/again')).status).toBe(200);
      const { body } = await server.api.get('/api/sync/changes?since=0');
      expect(body.changes ?? body.events).toHaveLength(1);
    });

    it('resets the readers also when nobody writes', async () => {
      await rewind.putBack();
      const { reason, epoch } = await follower.reset();
      expect(reason).toBe('epoch');
      expect(epoch).not.toBe(follower.cursor.epoch);
    });
  },
);
