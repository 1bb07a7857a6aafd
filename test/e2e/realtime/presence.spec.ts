import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startApp, type TestApp } from '../../support/server/app.js';
import type { TestSocket } from '../../support/clients/socket.js';

describe('presence', () => {
  let server: TestApp;
  let one: TestSocket;
  let other: TestSocket;
  let clientId: string;
  beforeEach(async () => {
    server = await startApp();
    [one, other] = [await server.connect(), await server.connect()];
    ({ clientId } = await one.next('welcome'));
    await other.next('welcome');
  });
  afterEach(() => server.close());

  it('is told to the others, not to oneself, and is not in the ledger', async () => {
    one.send({ type: 'presence', state: { cursor: [1, 2] } });
    expect(await other.next('presence')).toEqual({
      type: 'presence',
      clientId,
      principal: expect.any(String),
      state: { cursor: [1, 2] },
    });
    await one.settled();
    expect(one.all('presence')).toEqual([]);
    expect((await server.api.get('/api/server-info')).body.seq).toBe(0);
  });

  it('is told to range readers too', async () => {
    other.send({ type: 'subscribe', since: 0 });
    await other.next('sync:live');
    one.send({ type: 'presence', state: 'typing' });
    expect(await other.next('presence')).toMatchObject({ clientId, state: 'typing' });
  });

  it('is refused when it is large', async () => {
    one.send({ type: 'presence', state: 'x'.repeat(5_000) });
    expect(await one.next('error')).toMatchObject({ code: 'too_large' });
    await other.settled();
    expect(other.all('presence')).toEqual([]);
  });

  it('leaves with a client that goes before it has been read', async () => {
    for (let i = 0; i < 130; i += 1) one.send({ type: 'ping' });
    one.send({ type: 'presence', state: 'ghost' });
    await one.close();
    await other.settled();
    const newcomer = await server.connect();
    await newcomer.settled();
    expect(newcomer.all('presence')).toEqual([]);
  });

  it('is told to newcomers as it is now', async () => {
    one.send({ type: 'presence', state: 'away' });
    one.send({ type: 'presence', state: 'here' });
    await one.settled();
    const newcomer = await server.connect();
    await newcomer.settled();
    expect(newcomer.all('presence')).toMatchObject([{ clientId, state: 'here' }]);
  });

  it.each<[how: string, leave: (socket: TestSocket) => void]>([
    ['taken back', (socket) => socket.send({ type: 'presence', state: null })],
    ['left out', (socket) => socket.send({ type: 'presence' })],
    ['ended by a close', (socket) => void socket.close()],
    ['ended by a cut connection', (socket) => socket.ws.terminate()],
  ])('becomes null when it is %s', async (_how, leave) => {
    one.send({ type: 'presence', state: 'here' });
    expect(await other.next('presence')).toMatchObject({ state: 'here' });
    leave(one);
    expect(await other.next('presence')).toMatchObject({ clientId, state: null });
    const newcomer = await server.connect();
    await newcomer.settled();
    expect(newcomer.all('presence')).toEqual([]);
  });

  it('of one who never told is not missed', async () => {
    await one.close();
    await other.settled();
    expect(other.all('presence')).toEqual([]);
  });

  it('is the newest alone of what a client says in a moment, to all others alike', async () => {
    const third = await server.connect();
    await third.settled();
    for (let n = 0; n < 50; n += 1) one.send({ type: 'presence', state: n });
    for (const socket of [other, third]) await socket.next('presence', ({ state }) => state === 49);
    expect(other.all('presence').length).toBeLessThan(50);
  });

  it('is encoded once, however many are told', async () => {
    const others = await Promise.all(Array.from({ length: 20 }, () => server.connect()));
    for (const socket of others) await socket.settled();
    const stringify = jest.spyOn(JSON, 'stringify');
    one.send({ type: 'presence', state: 'here' });
    for (const socket of others) await socket.next('presence');
    const encoded = stringify.mock.calls.filter(
      ([value]) => (value as { clientId?: string } | null)?.clientId === clientId,
    );
    stringify.mockRestore();
    expect(encoded).toHaveLength(1);
  });

  it('of several who speak at once is told to each but themselves', async () => {
    const all = [one, other, await server.connect(), await server.connect()];
    await all[3]!.settled();
    all.forEach((socket, n) => socket.send({ type: 'presence', state: n }));
    for (const [n, socket] of all.entries()) {
      const expected = [0, 1, 2, 3].filter((each) => each !== n);
      while (socket.all('presence').length < 3) await socket.next('presence');
      expect(
        socket
          .all('presence')
          .map(({ state }) => state)
          .sort(),
      ).toEqual(expected);
    }
  });
});
