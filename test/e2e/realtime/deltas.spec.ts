import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createClient, type Client } from '../../../client/src/index.js';
import type { RangeFrame } from '../../../src/protocol/index.js';
import { hear } from '../../support/clients/scripted-server.js';
import type { TestSocket } from '../../support/clients/socket.js';
import { startApp, type TestApp } from '../../support/server/app.js';

const LONG = 'x'.repeat(300_000);

const eventsOf = (socket: TestSocket): RangeFrame['events'] =>
  socket.all('events').flatMap(({ events }) => events as RangeFrame['events']);
const kindsOf = (socket: TestSocket): string[] => eventsOf(socket).map(({ type }) => type);

describe('deltas over a WebSocket', () => {
  let server: TestApp;
  beforeEach(async () => {
    server = await startApp();
  });
  afterEach(() => server.close());

  async function reader(more: object): Promise<TestSocket> {
    const socket = await server.connect();
    expect(await socket.next('welcome')).toMatchObject({ deltas: true });
    socket.send({ type: 'subscribe', since: 0, ...more });
    await socket.next('sync:live');
    return socket;
  }

  it('tell one key of a large atome by that key, and everything else as before', async () => {
    const [brief, whole] = [await reader({ deltas: true }), await reader({})];
    await server.api.create({ text: LONG, n: 0 }, { id: 'a' });
    for (let n = 1; n <= 3; n += 1)
      await server.api.post('/api/atome/a/alter', { operation: 'update', changes: { n } });
    await server.api.patch('/api/atome/a', { n: null });
    await server.api.post('/api/atome/a/rename', { newName: 'b' });
    await server.api.delete('/api/atome/a');
    for (const socket of [brief, whole]) await socket.next('events', ({ to }) => to === 6);
    const altered = ['atome:altered', 'atome:altered', 'atome:altered', 'atome:altered', 'atome:altered'];
    expect(kindsOf(whole)).toEqual(['atome:created', ...altered, 'atome:deleted']);
    expect(kindsOf(brief)).toEqual(['atome:created', ...altered.map(() => 'atome:delta'), 'atome:deleted']);
    const [, ...deltas] = eventsOf(brief);
    expect(JSON.stringify(deltas).length).toBeLessThan(3_000);
    expect(deltas[0]).toMatchObject({ seq: 2, alteration: { atomeId: 'a', version: 2, changes: { n: 1 } } });
  });

  it('tell whoever is far behind, too, out of the ledger', async () => {
    await server.api.create({ n: 0 }, { id: 'a' });
    for (let n = 1; n <= 5; n += 1) await server.api.patch('/api/atome/a', { n });
    const versions = (socket: TestSocket): unknown[] =>
      eventsOf(socket).map((event) => ('alteration' in event ? event.alteration.version : 1));
    const socket = await reader({ deltas: true });
    expect(versions(socket)).toEqual([1, 2, 3, 4, 5, 6]);
    const compact = await reader({ deltas: true, compact: true });
    expect(eventsOf(compact)).toMatchObject([{ type: 'atome:altered', atome: { data: { n: 5 }, version: 6 } }]);
  });

  it('are refused where they are not true or false', async () => {
    const socket = await server.connect();
    socket.send({ type: 'subscribe', deltas: 'yes' });
    expect(await socket.next('error')).toMatchObject({ code: 'invalid', message: expect.stringContaining('deltas') });
  });

  it('keep the SDK whole, whatever is written', async () => {
    const clients: Client[] = [];
    try {
      const [one, other] = ([1, 2] as const).map(() => createClient({ url: server.url }));
      clients.push(one!, other!);
      await Promise.all(clients.map((client) => client.ready()));
      const { id } = await one!.create({ kind: 'note', data: { text: LONG, n: 0 } });
      await one!.flush();
      const heard = hear(other!, 'atome:altered');
      await one!.update(id, { n: 1 });
      expect((await heard).atome).toMatchObject({ data: { text: LONG, n: 1 }, version: 2 });
      await Promise.all([one!.update(id, { n: 2 }), other!.update(id, { m: 2 }), other!.patch(id, { text: null })]);
      await Promise.all(clients.map((client) => client.flush()));
      const { body } = await server.api.get(`/api/atome/${id}`);
      const { atome } = body as { atome: object };
      for (const client of clients) {
        while (client.status().lastSeq < 5) await hear(client, 'atome:altered');
        expect(await client.get(id)).toEqual(atome);
      }
    } finally {
      await Promise.all(clients.map((client) => client.close()));
    }
  });
});
