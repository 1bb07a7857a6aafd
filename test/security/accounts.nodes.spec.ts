import { setTimeout as elapse } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  login,
  PASSWORD,
  refresh,
  register,
  tokensOf,
  WITH_ACCOUNTS,
  type Tokens,
} from '../support/server/accounts.js';
import { bearer } from '../support/clients/api.js';
import { NodeBus } from '../../src/bus/node-bus.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { EventStream } from '../support/clients/event-stream.js';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';
import { report } from '../support/report.js';
import type { TestSocket } from '../support/clients/socket.js';

const OTHER = 'purple monkey dishwasher lamp';

describe.each(['postgres', 'off'])('a session that ends on one of two servers, with BUS=%s', (BUS) => {
  let database: TestDatabase;
  let here: TestApp;
  let there: TestApp;
  let alice: Tokens;
  let laptop: Tokens;
  beforeEach(async () => {
    database = await createDatabase();
    here = await startApp({ ...WITH_ACCOUNTS, DATABASE_URL: database.url, BUS });
    there = await startApp({ ...WITH_ACCOUNTS, DATABASE_URL: database.url, BUS });
    alice = await register(here.api);
    laptop = tokensOf(await login(there.api));
  });
  afterEach(async () => {
    await here.close();
    await there.close();
    await database.drop();
  });

  /** Sessions are told by the database, and need no bus. */
  const only = (bus: string, name: string, run: () => Promise<void>): void => {
    if (bus === BUS) it(name, run);
  };

  const subscribed = async (server: TestApp, { accessToken }: Tokens): Promise<TestSocket> => {
    const socket = await server.connect(bearer(accessToken));
    socket.send({ type: 'subscribe', since: 0 });
    await socket.next('sync:live');
    return socket;
  };
  const change = (tokens: Tokens) =>
    here.api
      .as(tokens.accessToken)
      .post('/api/auth/change-password', { currentPassword: PASSWORD, newPassword: OTHER });

  it('ends with its connections, streams and calls on the other, and what is written after is told to nobody', async () => {
    const socket = await subscribed(there, alice);
    const stream = await EventStream.open(`${there.url}/api/sync/changes`, bearer(alice.accessToken));
    await stream.next();
    const poll = there.api.as(alice.accessToken).get('/api/sync/changes?since=0&wait=60');
    const witness = await subscribed(there, laptop);
    const { accessToken } = alice;
    const begun = performance.now();
    expect((await here.api.as(accessToken).post('/api/auth/logout')).status).toBe(200);
    expect((await here.api.as(accessToken).get('/api/auth/me')).status).toBe(401);
    expect(await socket.closed()).toMatchObject({ code: 4401 });
    report(`a session ended on the other server after ${Math.round(performance.now() - begun)} ms`);
    while (await stream.next());
    // it ends as one does in whose time nothing has come
    expect((await poll).body).toMatchObject({ events: [] });
    expect((await there.api.as(accessToken).get('/api/auth/me')).status).toBe(401);
    expect((await refresh(there.api, alice)).status).toBe(401);

    await there.api.as(laptop.accessToken).create();
    await witness.next('events', ({ to }) => to === 1);
    expect(socket.all('events')).toEqual([]);
  });

  only('postgres', 'leaves no more guesses at both than there are at one', async () => {
    const buses = [here, there].map(({ app }) => app.get(NodeBus, { strict: false }));
    while (buses.some(({ peerCount }) => peerCount !== 1)) await elapse(5);
    const told = [0, 0];
    buses.forEach(({ state }, n) =>
      state.onChange((_node, _key, value) => {
        if (JSON.stringify(value).includes('"pairs"')) told[n]! += 1;
      }),
    );
    for (let guess = 0; guess < 10; guess += 1) {
      const { api } = guess % 2 === 0 ? here : there;
      expect((await login(api, 'alice', `${OTHER} ${guess}`)).status).toBe(401);
    }
    while (Math.min(...told) < 5) await elapse(5);
    for (const { api } of [here, there]) expect((await login(api, 'alice', OTHER)).status).toBe(429);
  });

  only('off', 'has ended for a server that starts after it', async () => {
    const { accessToken } = alice;
    await here.api.as(accessToken).post('/api/auth/logout');
    const late = await startApp({ ...WITH_ACCOUNTS, DATABASE_URL: database.url });
    expect((await late.api.as(accessToken).get('/api/auth/me')).status).toBe(401);
    await late.close();
  });

  only('off', 'ends when the password is changed, but for the session that changes it', async () => {
    const [mine, others] = [await subscribed(there, alice), await subscribed(there, laptop)];
    expect((await change(alice)).status).toBe(200);
    expect(await others.closed()).toMatchObject({ code: 4401 });
    await mine.settled();
    expect((await refresh(there.api, laptop)).status).toBe(401);
    expect((await login(there.api)).status).toBe(401);
  });

  only('off', 'ends when the account is deleted', async () => {
    const [mine, others] = [await subscribed(there, alice), await subscribed(there, laptop)];
    const { accessToken } = alice;
    expect((await here.api.as(accessToken).delete('/api/auth/delete-account', { password: PASSWORD })).status).toBe(
      200,
    );
    expect(await Promise.all([mine.closed(), others.closed()])).toMatchObject([{ code: 4401 }, { code: 4401 }]);
    expect((await login(there.api)).status).toBe(401);
  });

  only('off', 'takes its tickets with it', async () => {
    const { body } = await here.api.as(alice.accessToken).post('/api/auth/ticket');
    const socket = await subscribed(there, alice);
    await here.api.as(alice.accessToken).post('/api/auth/logout');
    await socket.closed();
    const late = await there.api.get(`/api/sync/changes?ticket=${body.ticket as string}`);
    expect(late.status).toBe(401);
  });

  only('off', 'is ended by a refresh token that was stolen and comes to another server', async () => {
    const socket = await subscribed(there, alice);
    const newest = tokensOf(await refresh(here.api, tokensOf(await refresh(here.api, alice))));
    expect((await refresh(there.api, alice)).status).toBe(401);
    expect(await socket.closed()).toMatchObject({ code: 4401 });
    expect((await refresh(here.api, newest)).status).toBe(401);
  });
});
