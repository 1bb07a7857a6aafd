import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../../support/server/app.js';

describe('the WebSocket', () => {
  let server: TestApp;
  beforeEach(async () => {
    server = await startApp();
  });
  afterEach(() => server.close());

  it('welcomes with the epoch and head of the ledger', async () => {
    await server.api.create();
    const socket = await server.connect();
    expect(await socket.next('welcome')).toMatchObject({
      protocol: 1,
      authRequired: false,
      connectedClients: 1,
      seq: 1,
    });
  });

  it('tells a plain reader of each change, one event a frame', async () => {
    const socket = await server.connect();
    await socket.next('welcome');
    const { id } = await server.api.create({ title: 'one' });
    await server.api.put(`/api/atome/${String(id)}`, { data: { title: 'two' } });
    await server.api.patch(`/api/atome/${String(id)}`, { title: 'three' });
    await server.api.delete(`/api/atome/${String(id)}`);
    expect(await socket.next('atome:created')).toMatchObject({ seq: 1, atome: { id, version: 1 } });
    expect(await socket.next('atome:updated')).toMatchObject({ seq: 2, atome: { data: { title: 'two' } } });
    expect(await socket.next('atome:altered')).toMatchObject({ seq: 3, alteration: { operation: 'patch' } });
    expect(await socket.next('atome:deleted')).toMatchObject({ seq: 4, atomeId: id });
  });

  it('tells a plain reader of all behind the seq of its welcome, though others write while it connects', async () => {
    const connecting = { isOver: false };
    const writing = (async () => {
      while (!connecting.isOver) await server.api.create();
    })();
    const readers = await Promise.all(Array.from({ length: 60 }, () => server.connect()));
    connecting.isOver = true;
    await writing;
    await server.api.create({}, { id: 'last' });
    for (const reader of readers) {
      const { seq } = (await reader.next('welcome')) as { seq: number };
      const last = await reader.next('atome:created', ({ atome }) => atome.id === 'last');
      const told = reader.all('atome:created').map((event) => event.seq);
      expect(told).toEqual(Array.from({ length: last.seq - seq }, (_, i) => seq + 1 + i));
    }
  });

  it('replays from a cursor and goes live on the same path', async () => {
    for (let i = 0; i < 5; i += 1) await server.api.create({ i });
    const socket = await server.connect();
    const { epoch } = await socket.next('welcome');
    socket.send({ type: 'subscribe', epoch, since: 2 });
    expect(await socket.next('subscribed')).toMatchObject({ from: 2, head: 5 });
    expect((await socket.next('events')).events.map(({ seq }) => seq)).toEqual([3, 4, 5]);
    expect(await socket.next('sync:live')).toEqual({ type: 'sync:live', seq: 5 });
    await server.api.create({ i: 5 });
    expect(await socket.next('events')).toMatchObject({ from: 5, to: 6, events: [{ seq: 6 }] });
  });

  it('acknowledges writes in the order sent, and shows a range reader its own', async () => {
    const socket = await server.connect();
    socket.send({ type: 'subscribe', since: 0 });
    await socket.next('sync:live');
    for (let i = 0; i < 50; i += 1) {
      socket.send({
        type: 'mutate',
        opId: `op-${i}`,
        operation: 'create',
        atomeId: `a${i}`,
        kind: 'note',
        data: { i },
      });
    }
    await socket.next('ack', ({ opId }) => opId === 'op-49');
    expect(socket.all('ack').map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    await socket.settled();
    const seqs = socket.all('events').flatMap(({ events }) => events.map(({ seq }) => seq));
    expect(seqs).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });

  it('does not tell a plain reader of its own writes', async () => {
    const [one, other] = [await server.connect(), await server.connect()];
    const { clientId } = await one.next('welcome');
    await other.next('welcome');
    one.send({ type: 'mutate', opId: 'op', operation: 'create', kind: 'note', data: {} });
    await one.next('ack');
    await server.api.post('/api/atome/create', { kind: 'note', data: {} }, { 'x-client-id': clientId });
    await other.next('atome:created', ({ seq }) => seq === 2);
    await one.settled();
    expect(one.all('atome:created')).toEqual([]);
  });
});
