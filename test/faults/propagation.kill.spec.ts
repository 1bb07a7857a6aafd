import { randomInt } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { audit, DATABASES, type Database } from '../support/databases/databases.js';
import { upTo } from '../support/feed/order.js';
import type { Api } from '../support/clients/api.js';
import { FollowingClient } from '../support/clients/following-client.js';
import { ServerProcess } from '../support/server/process.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';

const DESCENDANTS = 1_000;
/** How often the server is killed at the most; a step is told each time. */
const KILLS = 4;
const SHARED = { read: ['mallory'], write: ['mallory'] };

describe.each(DATABASES)(
  'a server on %s, killed while a right is taken away from many descendants',
  (_name, create) => {
    let database: Database;
    let server: ServerProcess;
    let follower: FollowingClient;
    beforeEach(async () => {
      database = await create();
      follower = new FollowingClient();
      await start();
    });
    afterEach(async () => {
      follower.disconnect();
      await server.kill('SIGKILL');
      await database.drop();
    });

    const as = (id: string): Api => server.api.as(tokenOf('writer', { sub: id, tenant: 'default' }));

    async function start(): Promise<void> {
      server = await ServerProcess.start({ ...WITH_TOKENS, DATABASE_URL: database.url });
      const { ticket } = (await as('ann').post('/api/auth/ticket')).body;
      follower.connect({ wsUrl: `${server.wsUrl}?ticket=${String(ticket)}` });
    }

    /** Everybody from whom the right was taken is refused at once, whether or not the descendant has been told. */
    async function expectHidden(): Promise<void> {
      const mallory = as('mallory');
      for (const n of [0, randomInt(DESCENDANTS), DESCENDANTS - 1]) {
        expect(await mallory.get(`/api/atome/descendant-${n}`)).toMatchObject({ status: 404 });
      }
      expect((await mallory.get('/api/atome/list')).body).toMatchObject({ data: [] });
    }

    it('hides them at once, tells each of them once, and keeps the ledger sound', async () => {
      const operations = Array.from({ length: DESCENDANTS }, (_, n) => ({
        ...{ opId: `descendant-${n}`, operation: 'create', atomeId: `descendant-${n}`, kind: 'note', data: {} },
        ...{ parentId: 'top', access: 'inherit' },
      }));
      await as('ann').create({}, { id: 'top', access: SHARED });
      for (let n = 0; n < DESCENDANTS; n += 500) {
        const { body } = await as('ann').post('/api/sync/push', { operations: operations.slice(n, n + 500) });
        expect(new Set((body.results as { type: string }[]).map(({ type }) => type))).toEqual(new Set(['ack']));
      }
      expect(await as('mallory').get('/api/atome/descendant-0')).toMatchObject({ status: 200 });

      const { seq } = (await as('ann').post('/api/atome/top/share', { access: 'private' })).body;
      const end = (seq as number) + DESCENDANTS;
      for (let kills = 0; kills < KILLS && follower.seq < end; kills += 1) {
        await follower.reached(Math.min(end, Math.max(seq as number, follower.seq) + 1));
        await server.kill('SIGKILL');
        await start();
        await expectHidden();
      }
      await follower.reached(end);

      expect(follower.applied.map((event) => event.seq)).toEqual(upTo(end));
      expect(follower.resets).toEqual([]);
      const told = [...follower.atomes.values()].filter(({ id }) => id !== 'top');
      expect(told).toHaveLength(DESCENDANTS);
      expect(new Set(told.map(({ version }) => version))).toEqual(new Set([2]));
      await server.kill('SIGTERM');
      const { alterations, result } = await audit(database.url);
      expect(alterations).toHaveLength(end);
      expect(result.fault).toBeUndefined();
    }, 300_000);
  },
);
