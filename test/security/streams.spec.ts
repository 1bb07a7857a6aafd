import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { bearer, type Api } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { EventStream } from '../support/clients/event-stream.js';

const shortly = (): string => tokenOf('reader', { exp: Date.now() / 1_000 + 3 });

describe('an answer that lasts', () => {
  let server: TestApp;
  let writer: Api;
  beforeEach(async () => {
    server = await startApp(WITH_TOKENS);
    writer = server.api.as(tokenOf('writer'));
    await writer.create();
  });
  afterEach(() => server.close());

  it('ends with the token: server-sent events', async () => {
    const stream = await EventStream.open(`${server.url}/api/sync/changes?since=0`, bearer(shortly()));
    expect(await stream.next()).toMatchObject({ id: '1' });
    expect(await stream.next()).toMatchObject({ type: 'sync:live' });
    expect(await stream.next()).toBeUndefined();
  });

  it('ends with the token: long poll', async () => {
    const begun = performance.now();
    const { status, body } = await server.api.as(shortly()).get('/api/sync/changes?since=1&wait=50');
    expect({ status, body }).toMatchObject({ status: 200, body: { from: 1, to: 1, events: [] } });
    // before the poll would
    expect(performance.now() - begun).toBeLessThan(45_000);
  });

  it('ends with the token: a snapshot, without its trailer', async () => {
    const text = 'x'.repeat(900_000);
    for (let i = 0; i < 24; i += 1) await writer.create({ text });
    const token = shortly();
    const { body } = await fetch(`${server.url}/api/sync/snapshot`, { headers: bearer(token) });
    const reader = body!.getReader();
    await reader.read();
    const socket = await server.connect(bearer(token));
    await socket.closed();
    const rest = (async () => {
      while (!(await reader.read()).done);
    })();
    await expect(rest).rejects.toThrow('terminated');
  });

  it('is not begun without one', async () => {
    await expect(EventStream.open(`${server.url}/api/sync/changes`)).rejects.toThrow('401');
  });
});
