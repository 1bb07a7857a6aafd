import { afterEach, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../../support/server/app.js';
import type { TestSocket } from '../../support/clients/socket.js';

const write = (opId: string) => ({ type: 'mutate', opId, operation: 'create', kind: 'note', data: {} });

describe('a client that sends faster than it may', () => {
  let server: TestApp;
  afterEach(() => server.close());

  async function acknowledged(socket: TestSocket, count: number): Promise<string[]> {
    await socket.next('ack', () => socket.all('ack').length >= count);
    return socket.all('ack').map(({ opId }) => opId);
  }

  it('is slowed down: nothing is lost, nothing refused, the order kept, the others not affected', async () => {
    server = await startApp({ MESSAGES_PER_SECOND: '20', MESSAGE_BURST: '10' });
    const [fast, other] = [await server.connect(), await server.connect()];
    for (const socket of [fast, other]) await socket.next('welcome');
    const opIds = Array.from({ length: 60 }, (_, i) => `op-${i}`);
    const start = performance.now();
    opIds.forEach((opId) => fast.send(write(opId)));
    other.send(write('other'));
    await acknowledged(other, 1);
    // the other had its answer while the fast one still waited
    expect(fast.all('ack').length).toBeLessThan(60);
    expect(await acknowledged(fast, 60)).toEqual(opIds);
    expect(fast.received.filter(({ type }) => type === 'error' || type === 'nack')).toEqual([]);
    // 50 of the 60 had to wait for their turn, 50 ms each
    expect(performance.now() - start).toBeGreaterThan(1_250);
  });

  it('is slowed down for whatever it sends', async () => {
    server = await startApp({ MESSAGES_PER_SECOND: '100', MESSAGE_BURST: '5' });
    const socket = await server.connect();
    for (let i = 0; i < 20; i += 1) socket.send('{');
    socket.send({ type: 'ping' });
    await socket.next('pong');
    expect(socket.all('error')).toHaveLength(20);
  });

  it('is not read any further while too much of it waits', async () => {
    server = await startApp({ MESSAGES_PER_SECOND: '1', MESSAGE_BURST: '1' });
    const socket = await server.connect();
    const message = JSON.stringify({ type: 'presence', state: 'x'.repeat(100_000) });
    // more than the network buffers of both sides take
    for (let i = 0; i < 400; i += 1) socket.send(message);
    await server.api.get('/health');
    expect(socket.ws.bufferedAmount).toBeGreaterThan(0);
    socket.ws.terminate();
  });

  it('still gets its events, and says goodbye when it likes', async () => {
    server = await startApp({ MESSAGES_PER_SECOND: '1', MESSAGE_BURST: '1' });
    const socket = await server.connect();
    await socket.next('welcome');
    for (let i = 0; i < 60; i += 1) socket.send({ type: 'ping' });
    await server.api.create({ title: 'meanwhile' });
    expect(await socket.next('atome:created')).toMatchObject({ seq: 1 });
    const start = performance.now();
    await socket.close();
    // all that it still has to say takes a minute
    expect(performance.now() - start).toBeLessThan(30_000);
  });
});
