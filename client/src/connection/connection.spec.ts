import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createUnified, type UnifiedClient } from '../online/unified.js';
import type { UnifiedOptions } from '../core/options.js';
import { MemoryNetwork } from './memory-transport.js';

const URL = 'ws://server/ws/atome-sync';
const WELCOME = { type: 'welcome', clientId: 'c1', serverTime: 't', protocol: 1, authRequired: false };
const SUBSCRIBED = { type: 'subscribed', epoch: 'e', from: 5, head: 5 };
const LIVE = { type: 'sync:live', seq: 5 };

let network: MemoryNetwork;
let diary: string[];
let socket: UnifiedClient['SyncWebSocket'];

/** A client whose events are written down with the second in which they came; each delay is the largest. */
function start(options: UnifiedOptions = {}): void {
  socket = createUnified({ url: URL, dial: network.dial, random: () => 1, ...options }).SyncWebSocket;
  const note = (what: string): void => void diary.push(`${Date.now() / 1_000} ${what}`);
  socket.on('sync:connected', ({ clientId }) => note(`connected ${clientId}`));
  socket.on('sync:disconnected', ({ code }) => note(`disconnected ${code}`));
  socket.on('sync:error', ({ error }) => note(`${(error as { code?: string }).code ?? ''} ${error.message}`.trim()));
}

/** The server's side of a connection up to live. */
function accept(welcome: object = WELCOME): void {
  network.peer.send(welcome);
  network.peer.send(SUBSCRIBED);
}

function take(): string[] {
  return diary.splice(0);
}

beforeEach(() => {
  jest.useFakeTimers({ now: 0 });
  network = new MemoryNetwork();
  diary = [];
});

afterEach(() => {
  socket.disconnect();
  socket.disconnect();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

describe('connecting', () => {
  it('is connected once it is subscribed', async () => {
    start();
    const connected = socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    expect(network.peer.url).toBe(URL);
    expect(network.peer.take()).toEqual([]);

    network.peer.send(WELCOME);
    expect(network.peer.take()).toEqual([{ type: 'subscribe' }]);
    expect(socket.isConnected()).toBe(false);
    expect(socket.send({ type: 'ping' })).toBe(false);

    network.peer.send(SUBSCRIBED);
    expect(await connected).toBe(true);
    expect(socket.getState()).toEqual({
      connected: true,
      phase: 'connected',
      url: URL,
      clientId: 'c1',
      reconnectAttempts: 0,
      cursor: { epoch: 'e', seq: 5 },
    });
    expect(await socket.connect()).toBe(true);
    expect(network.peers).toHaveLength(1);
  });

  it('answers false when the first attempt fails, and goes on by itself', async () => {
    start();
    const connected = socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    network.peer.close(1006);
    expect(await connected).toBe(false);

    await jest.advanceTimersByTimeAsync(1_000);
    accept();
    expect(socket.isConnected()).toBe(true);
    expect(take()).toEqual([
      `0 offline no connection to ${URL}: closed (1006); next attempt in 1000 ms`,
      '1 connected c1',
    ]);
  });

  it('gives up on a server that says nothing for 10 s', async () => {
    start();
    void socket.connect();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(network.peer.closedWith).toBe(4408);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(network.peers).toHaveLength(2);
  });

  it('gives up after 10 further attempts, until asked again', async () => {
    start();
    void socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      network.peer.close(1006);
      while (network.peers.length === attempt) await jest.advanceTimersByTimeAsync(1_000);
    }
    take();
    network.peer.close(1006);
    await jest.advanceTimersByTimeAsync(1_000_000);

    expect(network.peers).toHaveLength(11);
    expect(take()).toEqual([expect.stringContaining(' offline gave up on ')]);
    expect(socket.getState().phase).toBe('exhausted');

    void socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    expect(network.peers).toHaveLength(12);
  });

  it('refuses a malformed URL', async () => {
    start();
    await expect(socket.connect({ url: 'nowhere:' })).rejects.toMatchObject({ code: 'invalid' });
    expect(() => createUnified({ url: 'nowhere:' })).toThrow(expect.objectContaining({ code: 'invalid' }));
  });

  it('leaves the old server for another URL', async () => {
    start();
    void socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    accept();
    void socket.connect({ url: 'http://other' });
    await jest.advanceTimersByTimeAsync(0);

    expect(network.peers.map(({ url, closedWith }) => [url, closedWith])).toEqual([
      [URL, 1000],
      ['ws://other/ws/atome-sync', undefined],
    ]);
    expect(take()).toEqual(['0 connected c1', '0 disconnected 1000']);
  });
});

describe('a token', () => {
  const GUARDED = { ...WELCOME, authRequired: true };
  const SUCCESS = { type: 'auth:success', clientId: 'c1' };

  it('is sent when the server asks for one', async () => {
    start();
    void socket.connect({ token: 'secret' });
    await jest.advanceTimersByTimeAsync(0);
    network.peer.send(GUARDED);
    await jest.advanceTimersByTimeAsync(0);
    expect(network.peer.take()).toEqual([{ type: 'auth', token: 'secret' }]);

    network.peer.send(SUCCESS);
    expect(network.peer.take()).toEqual([{ type: 'subscribe' }]);
    network.peer.send(SUBSCRIBED);
    expect(socket.isConnected()).toBe(true);
  });

  it('that was refused is final when there can be no other', async () => {
    start({ token: 'old' });
    void socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    network.peer.send(GUARDED);
    network.peer.close(4401, 'expired');
    await jest.advanceTimersByTimeAsync(100_000);

    expect(network.peers).toHaveLength(1);
    expect(take()).toEqual([`0 unauthenticated refused by ${URL}: expired (4401)`]);
  });

  it('that was refused is renewed by its function before the next attempt', async () => {
    const token = jest.fn(({ renew }: { renew: boolean }) => Promise.resolve(renew ? 'new' : 'old'));
    start({ token });
    void socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    network.peer.send(GUARDED);
    network.peer.close(4401, 'expired');
    await jest.advanceTimersByTimeAsync(1_000);
    network.peer.send(GUARDED);
    await jest.advanceTimersByTimeAsync(0);

    expect(network.peer.take()).toEqual([{ type: 'auth', token: 'new' }]);
  });

  it('is missed when the server asks for one and there is none', async () => {
    start();
    void socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    network.peer.send(GUARDED);
    await jest.advanceTimersByTimeAsync(0);

    expect(take()).toEqual([`0 unauthenticated refused by ${URL}: the server asks for a token (4401)`]);
  });

  it('whose function fails is asked for again later', async () => {
    start({ token: () => Promise.reject(new Error('login is down')) });
    void socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    network.peer.send(GUARDED);
    await jest.advanceTimersByTimeAsync(1_000);

    expect(take()).toEqual([
      `0 offline no connection to ${URL}: no token: login is down (1000); next attempt in 1000 ms`,
    ]);
    expect(network.peers).toHaveLength(2);
  });
});

describe('staying connected', () => {
  beforeEach(async () => {
    start();
    void socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    accept();
    network.peer.send(LIVE);
    network.peer.take();
    take();
  });

  it('comes back and continues from its cursor', async () => {
    network.peer.send({ type: 'events', from: 5, to: 9, hash: 'h9', events: [] });
    network.peer.close(1006);
    await jest.advanceTimersByTimeAsync(1_000);
    network.peer.send({ ...WELCOME, clientId: 'c2' });
    expect(network.peer.take()).toEqual([{ type: 'subscribe', epoch: 'e', since: 9, hash: 'h9' }]);
    network.peer.send({ ...SUBSCRIBED, from: 9 });

    expect(take()).toEqual(['0 disconnected 1006', '1 connected c2']);
  });

  it('stays away as long as the server asks, and then some', async () => {
    network.peer.send({ type: 'goaway', retryAfter: 3_000 });
    network.peer.close(1012);
    await jest.advanceTimersByTimeAsync(3_999);
    expect(network.peers).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(network.peers).toHaveLength(2);
  });

  it('counts attempts until one has held for 30 s or has caught up', async () => {
    const delays: number[] = [];
    for (const held of [0, 1_000, 29_000, 30_000, 0]) {
      network.peer.close(1006);
      const before = Date.now();
      const peers = network.peers.length;
      while (network.peers.length === peers) await jest.advanceTimersByTimeAsync(500);
      delays.push((Date.now() - before) / 1_000);
      accept();
      await jest.advanceTimersByTimeAsync(held);
    }
    expect(delays).toEqual([1, 2, 4, 8, 1]);

    network.peer.send(LIVE);
    expect(socket.getState().reconnectAttempts).toBe(0);
  });

  it('pings every 30 s and leaves a server that does not answer', async () => {
    await jest.advanceTimersByTimeAsync(30_000);
    expect(network.peer.take()).toEqual([{ type: 'ping' }]);
    network.peer.send({ type: 'pong', timestamp: 't' });
    await jest.advanceTimersByTimeAsync(40_000);

    expect(network.peer.closedWith).toBe(4408);
    expect(take()).toEqual(['70 disconnected 4408']);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(network.peers).toHaveLength(2);
  });

  it.each([4403, 4429])('stays away after %d', async (code) => {
    network.peer.close(code, 'no');
    await jest.advanceTimersByTimeAsync(1_000_000);

    expect(network.peers).toHaveLength(1);
    expect(socket.getState().phase).toBe('refused');
    expect(take()).toEqual([`0 disconnected ${code}`, expect.stringMatching(/^0 (forbidden|rate_limited) refused/)]);
  });

  it('comes back after 4408', async () => {
    network.peer.close(4408);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(network.peers).toHaveLength(2);
  });

  it('says goodbye once, and hears nothing any more', async () => {
    const old = network.peer;
    socket.disconnect();
    socket.disconnect();
    old.close(1006);
    await jest.advanceTimersByTimeAsync(1_000_000);

    expect(old.closedWith).toBe(1000);
    expect(take()).toEqual(['0 disconnected 1000']);
    expect(network.peers).toHaveLength(1);
    expect(socket.getState()).toMatchObject({ connected: false, phase: 'idle', clientId: null });
  });

  it('continues from its cursor when connected again after a goodbye', async () => {
    socket.disconnect();
    void socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    network.peer.send(WELCOME);
    expect(network.peer.take()).toEqual([{ type: 'subscribe', epoch: 'e', since: 5 }]);
  });

  it('reports a frame that is no JSON and goes on', () => {
    network.peer.sendText('{"type":');
    expect(take()).toEqual([expect.stringContaining('JSON')]);
    expect(socket.isConnected()).toBe(true);
  });
});
