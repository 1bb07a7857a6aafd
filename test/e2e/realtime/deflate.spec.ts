import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { startApp, type TestApp } from '../../support/server/app.js';
import { TestSocket } from '../../support/clients/socket.js';

const TITLE = 'the same words again and again '.repeat(100);

describe('with WS_DEFLATE=on', () => {
  let server: TestApp;
  const sockets: TestSocket[] = [];
  beforeAll(async () => {
    server = await startApp({ WS_DEFLATE: 'on', HEAD_POLL_MS: '60000' });
    await server.api.create({ title: TITLE });
  });
  afterAll(async () => {
    await Promise.all(sockets.map((socket) => socket.close()));
    await server.close();
  });

  async function connect(perMessageDeflate: boolean): Promise<TestSocket> {
    const ws = new WebSocket(server.wsUrl, { perMessageDeflate });
    const socket = new TestSocket(ws);
    sockets.push(socket);
    await once(ws, 'open');
    expect(ws.extensions.includes('permessage-deflate')).toBe(perMessageDeflate);
    await socket.next('welcome');
    return socket;
  }

  it.each([true, false])('plain and range readers get every event, compressed: %s', async (compressed) => {
    const [plain, range] = [await connect(compressed), await connect(compressed)];
    range.send({ type: 'subscribe', since: 0 });
    const { seq: before } = await range.next('sync:live');
    for (let n = 0; n < 20; n += 1) await server.api.create({ title: TITLE, n });
    await plain.next('atome:created', ({ seq }) => seq === before + 20);
    await range.next('events', ({ to }) => to === before + 20);
    const expected = Array.from({ length: before + 20 }, (_, i) => i + 1);
    expect(plain.all('atome:created').map(({ seq }) => seq)).toEqual(expected.slice(before));
    const events = range.all('events').flatMap((each) => each.events);
    expect(events.map(({ seq }) => seq)).toEqual(expected);
    expect(events).toMatchObject(expected.map(() => ({ atome: { data: { title: TITLE } } })));
  });

  it('a replay comes to its end, though compressed it never fills the network', async () => {
    for (let n = 0; n < 60; n += 1) await server.api.create({ title: TITLE.repeat(4), n });
    const range = await connect(true);
    range.send({ type: 'subscribe', since: 0 });
    const { head } = await range.next('subscribed');
    await range.next('events', ({ to }) => to === head);
    expect(await range.next('sync:live')).toMatchObject({ seq: head });
  });

  it('a write may be compressed too', async () => {
    const socket = await connect(true);
    socket.send({ type: 'mutate', opId: 'op-1', operation: 'create', kind: 'note', data: { title: TITLE } });
    expect(await socket.next('ack')).toMatchObject({ version: 1 });
  });

  it('a small message that grows beyond the limit is refused with 1009', async () => {
    const socket = await connect(true);
    socket.send({ type: 'presence', state: 'x'.repeat(2 << 20) });
    expect((await socket.closed()).code).toBe(1009);
  });
});
