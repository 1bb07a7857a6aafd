import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LoggedSocket, SUBSCRIBED, WELCOME } from '../../../test/support/clients/logged-socket.js';

const LIVE = { type: 'sync:live', seq: 5 };

let client: LoggedSocket;
beforeEach(() => void jest.useFakeTimers({ now: 0 }));
afterEach(() => {
  client.socket.disconnect();
  client.socket.disconnect();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

describe('staying connected', () => {
  beforeEach(async () => {
    client = new LoggedSocket();
    void client.socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    client.accept();
    client.network.peer.send(LIVE);
    client.network.peer.take();
    client.take();
  });

  it('comes back and continues from its cursor', async () => {
    client.network.peer.send({ type: 'events', from: 5, to: 9, hash: 'h9', events: [] });
    client.network.peer.close(1006);
    await jest.advanceTimersByTimeAsync(1_000);
    client.network.peer.send({ ...WELCOME, clientId: 'c2' });
    expect(client.network.peer.take()).toEqual([{ type: 'subscribe', epoch: 'e', since: 9, hash: 'h9' }]);
    client.network.peer.send({ ...SUBSCRIBED, from: 9 });

    expect(client.take()).toEqual(['0 disconnected 1006', '1 connected c2']);
  });

  it('stays away as long as the server asks, and then some', async () => {
    client.network.peer.send({ type: 'goaway', retryAfter: 3_000 });
    client.network.peer.close(1012);
    await jest.advanceTimersByTimeAsync(3_999);
    expect(client.network.peers).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(client.network.peers).toHaveLength(2);
  });

  it('subscribes again on the same connection when the server puts it off, after the delay that it names', async () => {
    const refusal = { type: 'error', code: 'rate_limited', message: 'wait', details: { retryAfter: 5_000 } };
    client.network.peer.send({ type: 'sync:reset', reason: 'epoch', epoch: 'f', head: 2 });
    client.network.peer.take();
    for (const times of [1, 2]) {
      client.network.peer.send(refusal);
      await jest.advanceTimersByTimeAsync(5_999);
      expect([times, client.network.peer.take()]).toEqual([times, []]);
      await jest.advanceTimersByTimeAsync(1);
      expect([times, client.network.peer.take()]).toEqual([times, [{ type: 'subscribe', epoch: 'f', since: 2 }]]);
    }
    client.network.peer.send({ ...SUBSCRIBED, epoch: 'f', from: 2 });
    expect(client.network.peers).toHaveLength(1);
    expect(client.socket.isConnected()).toBe(true);
  });

  it('gives a connection up where a subscription is refused without a delay', async () => {
    client.network.peer.send({ type: 'sync:reset', reason: 'epoch', epoch: 'f', head: 2 });
    client.network.peer.send({ type: 'error', code: 'internal', message: 'a fault' });
    await jest.advanceTimersByTimeAsync(11_000);
    expect(client.network.peers).toHaveLength(2);
  });

  it('counts attempts until one has held for 30 s or has caught up', async () => {
    const delays: number[] = [];
    for (const held of [0, 1_000, 29_000, 30_000, 0]) {
      client.network.peer.close(1006);
      const before = Date.now();
      const peers = client.network.peers.length;
      while (client.network.peers.length === peers) await jest.advanceTimersByTimeAsync(500);
      delays.push((Date.now() - before) / 1_000);
      client.accept();
      await jest.advanceTimersByTimeAsync(held);
    }
    expect(delays).toEqual([1, 2, 4, 8, 1]);

    client.network.peer.send(LIVE);
    expect(client.socket.getState().reconnectAttempts).toBe(0);
  });

  it('pings every 30 s and leaves a server that does not answer', async () => {
    await jest.advanceTimersByTimeAsync(30_000);
    expect(client.network.peer.take()).toEqual([{ type: 'ping' }]);
    client.network.peer.send({ type: 'pong', timestamp: 't' });
    await jest.advanceTimersByTimeAsync(40_000);

    expect(client.network.peer.closedWith).toBe(4408);
    expect(client.take()).toEqual(['70 disconnected 4408']);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(client.network.peers).toHaveLength(2);
  });

  it.each([4403, 4429])('stays away after %d', async (code) => {
    client.network.peer.close(code, 'no');
    await jest.advanceTimersByTimeAsync(1_000_000);

    expect(client.network.peers).toHaveLength(1);
    expect(client.socket.getState().phase).toBe('refused');
    expect(client.take()).toEqual([
      `0 disconnected ${code}`,
      expect.stringMatching(/^0 (forbidden|rate_limited) refused/),
    ]);
  });

  it('comes back after 4408', async () => {
    client.network.peer.close(4408);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(client.network.peers).toHaveLength(2);
  });

  it('says goodbye once, and hears nothing any more', async () => {
    const old = client.network.peer;
    client.socket.disconnect();
    client.socket.disconnect();
    old.close(1006);
    await jest.advanceTimersByTimeAsync(1_000_000);

    expect(old.closedWith).toBe(1000);
    expect(client.take()).toEqual(['0 disconnected 1000']);
    expect(client.network.peers).toHaveLength(1);
    expect(client.socket.getState()).toMatchObject({ connected: false, phase: 'idle', clientId: null });
  });

  it('continues from its cursor when connected again after a goodbye', async () => {
    client.socket.disconnect();
    void client.socket.connect();
    await jest.advanceTimersByTimeAsync(0);
    client.network.peer.send(WELCOME);
    expect(client.network.peer.take()).toEqual([{ type: 'subscribe', epoch: 'e', since: 5 }]);
  });

  it('reports a frame that is no JSON and goes on', () => {
    client.network.peer.sendText('{"type":');
    expect(client.take()).toEqual([expect.stringContaining('JSON')]);
    expect(client.socket.isConnected()).toBe(true);
  });
});
