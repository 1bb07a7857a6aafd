import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LoggedSocket, SERVER_URL, SUBSCRIBED, WELCOME } from '../../../test/support/clients/logged-socket.js';
import { createUnified } from '../online/unified.js';

let client: LoggedSocket;
beforeEach(() => void jest.useFakeTimers({ now: 0 }));
afterEach(() => {
  client.socket.disconnect();
  client.socket.disconnect();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

describe('connecting', () => {
  it('is connected once it is subscribed', async () => {
    client = new LoggedSocket();
    const connected = client.socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    expect(client.network.peer.url).toBe(SERVER_URL);
    expect(client.network.peer.take()).toEqual([]);

    client.network.peer.send(WELCOME);
    expect(client.network.peer.take()).toEqual([{ type: 'subscribe' }]);
    expect(client.socket.isConnected()).toBe(false);
    expect(client.socket.send({ type: 'ping' })).toBe(false);

    client.network.peer.send(SUBSCRIBED);
    expect(await connected).toBe(true);
    expect(client.socket.getState()).toEqual({
      connected: true,
      phase: 'connected',
      url: SERVER_URL,
      clientId: 'c1',
      reconnectAttempts: 0,
      cursor: { epoch: 'e', seq: 5 },
    });
    expect(await client.socket.connect()).toBe(true);
    expect(client.network.peers).toHaveLength(1);
  });

  it('answers false when the first attempt fails, and goes on by itself', async () => {
    client = new LoggedSocket();
    const connected = client.socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    client.network.peer.close(1006);
    expect(await connected).toBe(false);

    await jest.advanceTimersByTimeAsync(1_000);
    client.accept();
    expect(client.socket.isConnected()).toBe(true);
    expect(client.take()).toEqual([
      `0 offline no connection to ${SERVER_URL}: closed (1006); next attempt in 1000 ms`,
      '1 connected c1',
    ]);
  });

  it('gives up on a server that says nothing for 10 s', async () => {
    client = new LoggedSocket();
    void client.socket.connect();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(client.network.peer.closedWith).toBe(4408);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(client.network.peers).toHaveLength(2);
  });

  it('gives up after 10 further attempts, until asked again', async () => {
    client = new LoggedSocket();
    void client.socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      client.network.peer.close(1006);
      while (client.network.peers.length === attempt) await jest.advanceTimersByTimeAsync(1_000);
    }
    client.take();
    client.network.peer.close(1006);
    await jest.advanceTimersByTimeAsync(1_000_000);

    expect(client.network.peers).toHaveLength(11);
    expect(client.take()).toEqual([expect.stringContaining(' offline gave up on ')]);
    expect(client.socket.getState().phase).toBe('exhausted');

    void client.socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    expect(client.network.peers).toHaveLength(12);
  });

  it('refuses a malformed SERVER_URL', async () => {
    client = new LoggedSocket();
    await expect(client.socket.connect({ url: 'nowhere:' })).rejects.toMatchObject({ code: 'invalid' });
    expect(() => createUnified({ url: 'nowhere:' })).toThrow(expect.objectContaining({ code: 'invalid' }));
  });

  it('leaves the old server for another SERVER_URL', async () => {
    client = new LoggedSocket();
    void client.socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    client.accept();
    void client.socket.connect({ url: 'http://other' });
    await jest.advanceTimersByTimeAsync(0);

    expect(client.network.peers.map(({ url, closedWith }) => [url, closedWith])).toEqual([
      [SERVER_URL, 1000],
      ['ws://other/ws/atome-sync', undefined],
    ]);
    expect(client.take()).toEqual(['0 connected c1', '0 disconnected 1000']);
  });
});

describe('a token', () => {
  const GUARDED = { ...WELCOME, authRequired: true };
  const SUCCESS = { type: 'auth:success', clientId: 'c1' };

  it('is sent when the server asks for one', async () => {
    client = new LoggedSocket();
    void client.socket.connect({ token: 'secret' });
    await jest.advanceTimersByTimeAsync(0);
    client.network.peer.send(GUARDED);
    await jest.advanceTimersByTimeAsync(0);
    expect(client.network.peer.take()).toEqual([{ type: 'auth', token: 'secret' }]);

    client.network.peer.send(SUCCESS);
    expect(client.network.peer.take()).toEqual([{ type: 'subscribe' }]);
    client.network.peer.send(SUBSCRIBED);
    expect(client.socket.isConnected()).toBe(true);
  });

  it('that was refused is final when there can be no other', async () => {
    client = new LoggedSocket({ token: 'old' });
    void client.socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    client.network.peer.send(GUARDED);
    client.network.peer.close(4401, 'expired');
    await jest.advanceTimersByTimeAsync(100_000);

    expect(client.network.peers).toHaveLength(1);
    expect(client.take()).toEqual([`0 unauthenticated refused by ${SERVER_URL}: expired (4401)`]);
  });

  it('that was refused is renewed by its function before the next attempt', async () => {
    const token = jest.fn(({ renew }: { renew: boolean }) => Promise.resolve(renew ? 'new' : 'old'));
    client = new LoggedSocket({ token });
    void client.socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    client.network.peer.send(GUARDED);
    client.network.peer.close(4401, 'expired');
    await jest.advanceTimersByTimeAsync(1_000);
    client.network.peer.send(GUARDED);
    await jest.advanceTimersByTimeAsync(0);

    expect(client.network.peer.take()).toEqual([{ type: 'auth', token: 'new' }]);
  });

  it('is missed when the server asks for one and there is none', async () => {
    client = new LoggedSocket();
    void client.socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    client.network.peer.send(GUARDED);
    await jest.advanceTimersByTimeAsync(0);

    expect(client.take()).toEqual([`0 unauthenticated refused by ${SERVER_URL}: the server asks for a token (4401)`]);
  });

  it('whose function fails is asked for again later', async () => {
    client = new LoggedSocket({ token: () => Promise.reject(new Error('login is down')) });
    void client.socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    client.network.peer.send(GUARDED);
    await jest.advanceTimersByTimeAsync(1_000);

    expect(client.take()).toEqual([
      `0 offline no connection to ${SERVER_URL}: no token: login is down (1000); next attempt in 1000 ms`,
    ]);
    expect(client.network.peers).toHaveLength(2);
  });
});
