import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createClient, memoryStore, type Client, type ClientOptions, type Store } from '../../client/src/index.js';
import { WS_PATH } from '../../src/protocol/index.js';
import { takenBy } from '../support/clients/offline.js';
import { startEmbedded } from '../support/embedded.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';

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

/** Sends the WebSocket at `/live` on to a server, and is an application of its own otherwise. */
function startOther(port: number, asked: string[]): Promise<Server> {
  const other = createServer(({ method, url, headers }, response) => {
    asked.push(`${method} ${url} ${headers.authorization ?? headers.cookie ?? 'nobody'}`);
    response.setHeader('content-type', 'application/json').end('{"name":"shop","results":[]}');
  });
  other.on('upgrade', ({ rawHeaders }: IncomingMessage, socket: Duplex) => {
    const to = connect(port, '127.0.0.1');
    const headers = rawHeaders.flatMap((name, n) => (n % 2 === 0 ? [`${name}: ${rawHeaders[n + 1]}\r\n`] : []));
    to.write(`GET ${WS_PATH} HTTP/1.1\r\n${headers.join('')}\r\n`);
    to.pipe(socket).pipe(to);
    for (const each of [to, socket]) each.on('error', () => [to, socket].forEach((end) => end.destroy()));
  });
  return new Promise((resolve) => other.listen(0, '127.0.0.1', () => resolve(other)));
}

describe('an outbox of many writes', () => {
  let store: Store;
  let pushes: number;
  const ends: (() => Promise<unknown>)[] = [];
  const { fetch: real } = globalThis;
  beforeEach(() => {
    store = memoryStore();
    CountingSocket.writes = 0;
    pushes = 0;
    jest.spyOn(globalThis, 'fetch').mockImplementation((...request) => {
      const [url] = request;
      if (typeof url === 'string' && url.endsWith('/push')) pushes += 1;
      return real(...request);
    });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function start(environment: Record<string, string> = {}): Promise<TestApp> {
    const server = await startApp(environment);
    ends.push(() => server.close());
    return server;
  }

  function open(url: string, more: ClientOptions = {}): Client {
    const client = createClient({ url, store, WebSocket: CountingSocket, ...more });
    ends.push(() => client.close());
    return client;
  }

  /** Makes writes while there is no server. @returns their names. */
  async function writeOffline(url: string, count: number, more: ClientOptions = {}): Promise<string[]> {
    const offline = createClient({ url, store, WebSocket: NoSocket, ...more });
    const written = await Promise.all(
      Array.from({ length: count / 2 }, async (_, n) => {
        const { id, opId } = await offline.create({ kind: 'note', data: { n } });
        return [opId, (await offline.update(id, { n: n + 1 })).opId];
      }),
    );
    await offline.close();
    return written.flat();
  }

  it('is sent in few requests, each write once and in order', async () => {
    const { url } = await start();
    const opIds = await writeOffline(url, 3_000);
    const client = open(url);
    await client.flush();
    expect(pushes).toBe(6);
    expect(CountingSocket.writes).toBe(0);
    const taken = (await takenBy(url)).map(({ opId }) => opId);
    expect(taken).toHaveLength(3_000);
    expect(new Set(taken)).toEqual(new Set(opIds));
    expect(await client.rejected()).toEqual([]);
  });

  it.each(['/v1/live', ''])(
    'is pushed to where an application has the routes, by the address with "%s"',
    async (path) => {
      const embedded = await startEmbedded(path === '' ? { wsPath: WS_PATH } : {});
      ends.push(() => embedded.close());
      const url = path === '' ? embedded.url : embedded.wsUrl;
      await writeOffline(url, 200);
      const client = open(url);
      await client.flush();
      expect([pushes, CountingSocket.writes]).toEqual([1, 0]);
      expect(await client.rejected()).toEqual([]);
    },
  );

  it('goes over the connection where that is known by a cookie, which a push does not have', async () => {
    const who = ({ headers }: { headers: Record<string, unknown> }): string => (headers.cookie ? 'alice' : 'guest');
    const embedded = await startEmbedded({
      wsPath: WS_PATH,
      authenticate: (request) => ({ id: who(request), tenant: 'default', roles: ['writer'] }),
    });
    ends.push(() => embedded.close());
    await writeOffline(embedded.url, 200);
    class CookieSocket extends CountingSocket {
      constructor(url: string) {
        super(url, { headers: { cookie: 'session=alice' } });
      }
    }
    const client = open(embedded.url, { WebSocket: CookieSocket });
    await client.flush();
    const { body } = await embedded.api.get('/v1/atome/list?limit=100&fields=ownerId');
    const owners = (body as { data: { ownerId: string }[] }).data.map(({ ownerId }) => ownerId);
    expect([pushes, owners.length, new Set(owners)]).toEqual([0, 100, new Set(['alice'])]);
  });

  it('is not told to another application that has the address, and goes over the connection', async () => {
    const server = await start(WITH_TOKENS);
    const asked: string[] = [];
    const other = await startOther(Number(new URL(server.url).port), asked);
    ends.push(() => new Promise((resolve) => other.close(resolve)));
    const url = `ws://127.0.0.1:${(other.address() as AddressInfo).port}/live`;
    const who = { token: tokenOf('writer') };
    await writeOffline(url, 200, who);
    const client = open(url, who);
    await client.flush();
    expect(asked).toEqual(['GET /api/server-info nobody']);
    expect([pushes, CountingSocket.writes]).toEqual([0, 200]);
    expect(await client.rejected()).toEqual([]);
  });

  it.each<[string, () => string | Promise<string>]>([
    ['has that of another user by now', () => tokenOf('writer', { sub: 'bob' })],
    ['has none just now', () => new Promise(() => undefined)],
  ])('is pushed with the token of the connection where the application %s', async (_what, later) => {
    const { url } = await start(WITH_TOKENS);
    const alice = tokenOf('writer', { sub: 'alice' });
    await writeOffline(url, 200, { token: alice });
    let isConnected = false;
    const client = open(url, { token: () => (isConnected ? later() : alice) });
    client.on('sync:connected', () => void (isConnected = true));
    await client.flush();
    expect(pushes).toBe(1);
    const owners = (await client.list()).map(({ ownerId }) => ownerId);
    expect(owners).toHaveLength(100);
    expect(new Set(owners)).toEqual(new Set(['alice']));
  });
});
