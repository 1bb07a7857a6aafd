import { randomUUID } from 'node:crypto';
import { setTimeout as elapse } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { formatHlc } from '../../src/protocol/index.js';
import { bearer } from '../support/clients/api.js';
import { TestSocket } from '../support/clients/socket.js';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';
import { login, refresh, register, tokensOf, WITH_ACCOUNTS, type Tokens } from '../support/server/accounts.js';
import { ServerProcess } from '../support/server/process.js';
import { clockAhead } from '../support/server/shifted-clock.js';
import { inSeconds, tokenOf } from '../support/server/tokens.js';

/** How far each of two servers is from the database, in seconds. */
const APART_S = 300;
/** What a time may be off that the database has told, in milliseconds: a fifth of what the clocks are. */
const NEAR_MS = (APART_S * 1_000) / 5;

describe('two servers, one five minutes behind the database and one ahead of it', () => {
  let database: TestDatabase;
  let slow: ServerProcess;
  let fast: ServerProcess;
  const sockets: TestSocket[] = [];
  beforeAll(async () => {
    database = await createDatabase();
    const start = (seconds: number): Promise<ServerProcess> =>
      ServerProcess.start({ ...WITH_ACCOUNTS, DATABASE_URL: database.url, ...clockAhead(seconds) });
    [slow, fast] = await Promise.all([start(-APART_S), start(APART_S)]);
  });
  afterAll(async () => {
    await Promise.all(sockets.map((socket) => socket.close()));
    await Promise.all([slow, fast].map((server) => server.kill('SIGKILL')));
    await database.drop();
  });

  const both = (): [ServerProcess, ServerProcess][] => [
    [slow, fast],
    [fast, slow],
  ];
  const connect = async ({ wsUrl }: ServerProcess, { accessToken }: Tokens): Promise<TestSocket> => {
    const socket = await TestSocket.connect(wsUrl, bearer(accessToken));
    sockets.push(socket);
    return socket;
  };
  const isNear = (time: unknown): boolean => Math.abs(Date.parse(time as string) - Date.now()) < NEAR_MS;

  it('say which clock is wrong, and by how much', async () => {
    await expect(slow.warns(/clock of this machine is (300 s behind) that of the database/)).resolves.toBeDefined();
    await expect(fast.warns(/clock of this machine is (300 s ahead of) that of the database/)).resolves.toBeDefined();
  });

  it('hear each other', async () => {
    for (const [{ api }] of both()) {
      const count = async (): Promise<unknown> =>
        ((await api.get('/health/ready')).body as { details: { otherServers: { count: number } } }).details.otherServers
          .count;
      while ((await count()) !== 1) await elapse(5);
    }
  });

  it('take the tokens and tickets of each other, and carry on their sessions', async () => {
    await register(slow.api, 'ann');
    for (const [here, there] of both()) {
      const ann = tokensOf(await login(here.api, 'ann'));
      expect((await there.api.as(ann.accessToken).get('/api/auth/me')).status).toBe(200);
      const { body } = await here.api.as(ann.accessToken).post('/api/auth/ticket');
      expect(isNear(body.expiresAt)).toBe(true);
      const path = `/api/sync/changes?ticket=${body.ticket as string}`;
      expect([(await there.api.get(path)).status, (await there.api.get(path)).status]).toEqual([200, 401]);
      const renewed = tokensOf(await refresh(there.api, ann));
      // in the moment in which an answer may have been lost, the same again
      expect((await refresh(here.api, ann)).body).toMatchObject({ refreshToken: renewed.refreshToken });
    }
  });

  it('take a token for as long as it says, by the time of the database', async () => {
    for (const [{ api }] of both()) {
      const iat = inSeconds(0);
      const status = async (exp: number): Promise<number> =>
        (await api.as(tokenOf('writer', { iat, exp: iat + exp })).get('/api/atome/list')).status;
      expect([await status(60), await status(-60)]).toEqual([200, 401]);
    }
  });

  it('end a session at both, wherever it is ended', async () => {
    await register(slow.api, 'bob');
    for (const [here, there] of both()) {
      const bob = tokensOf(await login(here.api, 'bob'));
      const socket = await connect(there, bob);
      expect((await here.api.as(bob.accessToken).post('/api/auth/logout')).status).toBe(200);
      expect(await socket.closed()).toMatchObject({ code: 4401 });
      expect((await there.api.as(bob.accessToken).get('/api/auth/me')).status).toBe(401);
      expect((await refresh(there.api, bob)).status).toBe(401);
    }
  });

  it('date what is written by the database, and let the later write win', async () => {
    const writer = tokenOf('writer');
    for (const [here, there] of both()) {
      const [first, second] = [here.api.as(writer), there.api.as(writer)];
      const id = randomUUID();
      const { atome } = (await first.create({ title: 'first' }, { id })) as { atome: { createdAt: string } };
      expect(isNear(atome.createdAt)).toBe(true);
      const { body: patched } = await second.patch(`/api/atome/${id}`, { title: 'second' });
      expect(patched).toMatchObject({ alteration: { superseded: [] } });
      // as a client stamps it, which goes by the server that it is connected to
      const { serverTime } = (await first.get('/api/server-info')).body as { serverTime: string };
      expect(isNear(serverTime)).toBe(true);
      const hlc = formatHlc(Date.now() + 1_000, 0, 'client');
      const push = { opId: randomUUID(), operation: 'update', atomeId: id, changes: { title: 'third' }, hlc };
      await first.post('/api/sync/push', { operations: [push] });
      expect((await second.get(`/api/atome/${id}`)).body).toMatchObject({ atome: { data: { title: 'third' } } });
    }
  });
});
