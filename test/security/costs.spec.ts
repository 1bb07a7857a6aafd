import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LedgerReader } from '../../src/ledger/read/ledger-reader.js';
import { bearer } from '../support/clients/api.js';
import { frame, RawSocket, upgradeRequest } from '../support/clients/raw-socket.js';
import type { TestSocket } from '../support/clients/socket.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';

/** As the server has them when nobody says otherwise. */
const LIKE_A_SERVER = { MESSAGES_PER_SECOND: '50', MESSAGE_BURST: '100' };
const ROWS = 300;

type Reads = 'page' | 'newestPage';
type Read = (...args: unknown[]) => Promise<unknown>;

/** What puts the reads back. */
const ends: (() => void)[] = [];

/** Has something done around each such read. Not a mock, which would keep all pages that were read. */
function around(name: Reads, does: (read: () => Promise<unknown>) => Promise<unknown>): void {
  const read = Reflect.get(LedgerReader.prototype, name) as Read;
  const watched: Read = function (this: LedgerReader, ...args) {
    return does(() => read.apply(this, args));
  };
  Reflect.set(LedgerReader.prototype, name, watched);
  ends.push(() => Reflect.set(LedgerReader.prototype, name, read));
}

describe('a reader who asks for more than it takes', () => {
  let server: TestApp;
  let reads: { now: number; most: number; all: number };
  beforeEach(async () => {
    server = await startApp({ ...WITH_TOKENS, ...LIKE_A_SERVER });
    const writer = server.api.as(tokenOf('writer'));
    const operations = Array.from({ length: ROWS }, (_, n) => ({
      opId: `op-${n}`,
      operation: 'create',
      kind: 'n',
      data: { n },
    }));
    await writer.post('/api/sync/push', { operations });
    watchReads();
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) end();
    await server.close();
  });

  /** Counts the reads of pages that are under way at once. */
  function watchReads(): void {
    reads = { now: 0, most: 0, all: 0 };
    const counted = async <T>(read: () => Promise<T>): Promise<T> => {
      reads.all += 1;
      reads.most = Math.max(reads.most, (reads.now += 1));
      // as long as a database takes
      await new Promise(setImmediate);
      return read().finally(() => (reads.now -= 1));
    };
    for (const name of ['page', 'newestPage'] as const) around(name, counted);
  }

  async function opened(sub: string): Promise<TestSocket> {
    const socket = await server.connect(bearer(tokenOf('reader', { sub })));
    await socket.next('welcome');
    return socket;
  }

  const subscribe = (socket: TestSocket, since: number, compact: boolean): void =>
    socket.send({ type: 'subscribe', since, compact });

  it.each([
    ['compacted', true],
    ['whole', false],
  ])(
    'has one read of the ledger under way on a connection (%s), however often it begins anew',
    async (_form, compact) => {
      const socket = await opened('mallory');
      // as many as its burst takes at once
      for (let n = 0; n < 9; n += 1) subscribe(socket, n, compact);
      subscribe(socket, ROWS, compact);
      await socket.next('subscribed', ({ from }) => from === ROWS);
      await socket.next('sync:live');
      expect(reads.most).toBe(1);
    },
  );

  it('has a few under way on all of its connections', async () => {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => opened('mallory')));
    sockets.forEach((socket, n) => subscribe(socket, n, true));
    for (const socket of sockets) await socket.next('sync:live');
    expect(reads.all).toBeGreaterThanOrEqual(20);
    expect(reads.most).toBeLessThanOrEqual(4);
  });

  it('has few under way over REST too', async () => {
    const reader = server.api.as(tokenOf('reader', { sub: 'mallory' }));
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => reader.get(`/api/sync/changes?since=${n}&compact=true`)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(200));
    expect(reads.most).toBeLessThanOrEqual(4);
  });

  it('does not have read what it asked for on a connection that has gone', async () => {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => opened('mallory')));
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    around('newestPage', async (read) => {
      await gate;
      return read();
    });
    sockets.forEach((socket, n) => subscribe(socket, n, true));
    for (const socket of sockets) await socket.next('subscribed');
    const [first, ...others] = sockets;
    for (const socket of others) await socket.close();
    open();
    await first!.next('sync:live');
    await opened('mallory').then((socket) => socket.settled());
    expect(reads.all).toBeLessThanOrEqual(4);
  });

  it('is refused with a time to wait once all of its connections have asked for too much, and keeps nobody else', async () => {
    await server.close();
    server = await startApp({ ...WITH_TOKENS, MESSAGES_PER_SECOND: '1', MESSAGE_BURST: '10' });
    const sockets = await Promise.all(Array.from({ length: 40 }, () => opened('mallory')));
    for (const socket of sockets) subscribe(socket, 0, true);
    const refusal = await Promise.race(sockets.map((socket) => socket.next('error')));
    expect(refusal).toMatchObject({ code: 'rate_limited', details: { retryAfter: expect.any(Number) } });
    expect(refusal.message).toMatch(/MESSAGES_PER_SECOND/);
    const honest = await opened('alice');
    subscribe(honest, 0, true);
    await honest.next('sync:live');
  });

  it('is heard no further when it floods with pongs, until it has paid for them', async () => {
    const raw = await RawSocket.open(server.wsUrl);
    raw.send(upgradeRequest(new URL(server.wsUrl).pathname, bearer(tokenOf('reader', { sub: 'mallory' }))));
    while (!raw.text.includes('"welcome"')) await new Promise((resolve) => raw.socket.once('data', resolve));
    const began = Date.now();
    raw.send(Buffer.concat(Array.from({ length: 200 }, () => frame(0x8a, ''))));
    raw.send(frame(0x81, JSON.stringify({ type: 'ping' })));
    while (!raw.text.includes('"pong"')) await new Promise((resolve) => raw.socket.once('data', resolve));
    // 200 pongs are 100 more than may come at once: two seconds at 50 a second
    expect(Date.now() - began).toBeGreaterThan(1_000);
  });
});
