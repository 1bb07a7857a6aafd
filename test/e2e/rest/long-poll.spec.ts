import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ConnectionLimiter } from '../../../src/auth/admission/connection-limiter.js';
import { Feed } from '../../../src/feed/feed.js';
import { LEDGER_STORE, type LedgerStore } from '../../../src/ledger/store.js';
import { startApp, type TestApp } from '../../support/server/app.js';

/* `fetch` resolves when the headers are there: what it resolves to before the change shows that they came first. */

describe('a long poll', () => {
  let server: TestApp;
  beforeEach(async () => {
    server = await startApp();
    await server.api.create({ n: 1 }, { id: 'a1' });
  });
  afterEach(async () => {
    jest.useRealTimers();
    await server.close();
  });

  const poll = (query: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${server.url}/api/sync/changes?${query}`, init);

  it('sends its headers before it knows its answer', async () => {
    const response = await poll('since=1&wait=60');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    await server.api.create({ n: 2 }, { id: 'a2' });
    expect(await response.json()).toMatchObject({ success: true, from: 1, to: 2, events: [{ seq: 2 }] });
  });

  it('that need not wait says how long it is', async () => {
    const response = await poll('since=0&wait=60');
    expect(Number(response.headers.get('content-length'))).toBe((await response.text()).length);
  });

  it.each(['60', '56', '55'])('of %s s answers after 55 s, and is heard of meanwhile', async (wait) => {
    jest.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'Date'] } as never);
    const response = await poll(`since=1&wait=${wait}`);
    const reader = response.body!.getReader();
    const next = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
    expect(await next()).toBe(' ');
    for (let beats = 0; beats < 3; beats += 1) {
      jest.advanceTimersByTime(15_000);
      expect(await next()).toBe(' ');
    }
    jest.advanceTimersByTime(10_000);
    expect(JSON.parse(await next())).toMatchObject({ from: 1, to: 1, events: [] });
    expect((await reader.read()).done).toBe(true);
  });

  it.each(['since=99&wait=60', 'since=1&hash=00&wait=60', 'since=1&wait=61'])(
    'is refused with its status, as long as it is known: %s',
    async (query) => {
      expect((await poll(query)).ok).toBe(false);
    },
  );

  it('is refused with 503 when the ledger cannot be read at once', async () => {
    const feed = server.app.get(Feed, { strict: false });
    feed.log = () => Promise.reject(new Error('out of reach'));
    const response = await poll('since=1&wait=60');
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ code: 'internal', retryable: true });
  });

  it('is cut off when the ledger cannot be read later, so that the client asks again', async () => {
    const response = await poll('since=1&wait=60');
    const feed = server.app.get(Feed, { strict: false });
    const log = await feed.log('default');
    log.batches.batchAfter = () => Promise.reject(new Error('out of reach'));
    await server.api.create({ n: 2 });
    await expect(response.text()).rejects.toThrow('terminated');
    const store = server.app.get<LedgerStore>(LEDGER_STORE, { strict: false });
    await store.probe();
  });

  it('gives its place back when its client goes away', async () => {
    const connectionLimiter = server.app.get(ConnectionLimiter, { strict: false });
    const leave = jest.spyOn(connectionLimiter as unknown as { remove: () => void }, 'remove');
    const left = new Promise<void>((resolve) => {
      leave.mockImplementationOnce(() => resolve());
    });
    const client = new AbortController();
    await poll('since=1&wait=60', { signal: client.signal });
    client.abort();
    await left;
  });
});
