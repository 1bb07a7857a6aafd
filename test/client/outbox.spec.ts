import { WebSocket } from 'ws';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createClient, memoryStore, type Client, type Store } from '../../client/src/index.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { takenBy } from '../support/clients/offline.js';

const WRITES = 3_000;

/** Counts the writes that go over it one by one. */
class CountingSocket extends WebSocket {
  static writes = 0;

  override send(text: string): void {
    if (text.includes('"mutate"')) CountingSocket.writes += 1;
    super.send(text);
  }
}

/** A WebSocket in a dead network. */
class NoSocket {
  constructor() {
    throw new Error('no network');
  }

  send(): void {}

  close(): void {}
}

describe('an outbox of 3,000 writes', () => {
  let server: TestApp;
  let store: Store;
  let pushes: number;
  let answer: typeof fetch;
  const { fetch: real } = globalThis;
  beforeEach(async () => {
    server = await startApp();
    store = memoryStore();
    CountingSocket.writes = 0;
    pushes = 0;
    answer = real;
    jest.spyOn(globalThis, 'fetch').mockImplementation((...request) => {
      const [url] = request;
      if (typeof url === 'string' && url.endsWith('/push')) pushes += 1;
      return answer(...request);
    });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await server.close();
  });

  const open = (url: string): Client => createClient({ url, store, WebSocket: CountingSocket });

  /** Makes the writes while there is no server. @returns their names. */
  async function writeOffline(): Promise<string[]> {
    const offline = createClient({ url: server.url, store, WebSocket: NoSocket });
    const written = await Promise.all(
      Array.from({ length: WRITES / 2 }, async (_, n) => {
        const { id, opId } = await offline.create({ kind: 'note', data: { n } });
        return [opId, (await offline.update(id, { n: n + 1 })).opId];
      }),
    );
    await offline.close();
    return written.flat();
  }

  it('is sent in few requests, each write once and in order', async () => {
    const opIds = await writeOffline();
    const client = open(server.url);
    await client.flush();
    expect(pushes).toBe(WRITES / 500);
    expect(CountingSocket.writes).toBe(0);
    const taken = (await takenBy(server.url)).map(({ opId }) => opId);
    expect(taken).toHaveLength(WRITES);
    expect(new Set(taken)).toEqual(new Set(opIds));
    expect(await client.rejected()).toEqual([]);
    await client.close();
  });
});
