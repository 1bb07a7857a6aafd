import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createClient, type Client } from '../../client/src/index.js';
import { formatHlc } from '../../src/protocol/index.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { AT_ONCE, shownBy } from '../support/clients/offline.js';
import { TcpProxy } from '../support/faults/tcp-proxy.js';

const HOURS = 3_600_000;

describe('clients whose clocks are hours apart', () => {
  let server: TestApp;
  let proxies: TcpProxy[];
  let clients: Client[];
  /** What all clocks are behind or ahead of. */
  let time: number;
  beforeEach(async () => {
    server = await startApp();
    const port = Number(new URL(server.url).port);
    proxies = await Promise.all([TcpProxy.to(port), TcpProxy.to(port)]);
    time = Date.now();
    clients = [];
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await Promise.all(proxies.map((proxy) => proxy.cut().catch(() => undefined)));
    await server.close();
  });

  const open = (proxy: TcpProxy, skewMs: number): Client => {
    const client = createClient({
      url: `http://127.0.0.1:${proxy.port}`,
      reconnect: AT_ONCE,
      now: () => time + skewMs,
    });
    clients.push(client);
    return client;
  };

  it.each([
    ['known before the writes', true],
    ['measured only after them', false],
  ])('neither always win nor always lose: the later write does, with skews %s', async (_when, known) => {
    const [ahead, behind] = proxies;
    const hlc = formatHlc(time - 600_000, 0, 'other');
    const note = { opId: 'op', operation: 'create', atomeId: 'note', kind: 'note', data: { a: 0, b: 0 }, hlc };
    await server.api.post('/api/sync/push', { operations: [note] });
    if (!known) await Promise.all(proxies.map((proxy) => proxy.cut()));
    const [fast, slow] = [open(ahead!, 3 * HOURS), open(behind!, -3 * HOURS)];
    if (known) {
      await Promise.all(clients.map((client) => client.ready()));
      await Promise.all(proxies.map((proxy) => proxy.cut()));
    }
    // a minute apart, which no way of a message explains; all within what the server takes as the present
    time -= 240_000;
    await fast.update('note', { a: 'fast, early' });
    await slow.update('note', { b: 'slow, early' });
    time += 60_000;
    await slow.update('note', { a: 'slow, late' });
    await fast.update('note', { b: 'fast, late' });
    time += 180_000;

    // whoever comes last to the server wins nothing by that
    await ahead!.restore();
    await fast.flush();
    await behind!.restore();
    await slow.flush();
    const expected = { a: 'slow, late', b: 'fast, late' };
    expect(await slow.get('note')).toMatchObject({ data: expected });
    await fast.waitFor(slow.status().lastSeq);
    expect(await shownBy(fast)).toEqual(await shownBy(slow));
    const skews = clients.map((client) => Math.round(client.status().clockSkewMs! / HOURS));
    expect(skews).toEqual([3, -3]);
  });
});
