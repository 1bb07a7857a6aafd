import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Drain } from '../../src/http/drain.js';
import { LEDGER_STORE, type LedgerStore } from '../../src/ledger/store.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { WatchedStore } from '../support/ledger/watched-store.js';
import { Gate } from '../support/gate.js';

describe('a server that goes down', () => {
  let server: TestApp;
  let closing: Promise<void> | undefined;
  beforeEach(async () => {
    closing = undefined;
    server = await startApp();
    await server.api.create({ name: 'One' }, { id: 'a1' });
  });
  afterEach(() => closing ?? server.close());

  /** Begins to close it, and holds it where it waits for the answer to a read. */
  async function holdClosing(): Promise<Gate> {
    const store = server.app.get<LedgerStore>(LEDGER_STORE, { strict: false });
    const gate = new Gate();
    const watched = new WatchedStore({ ...store, ledger: store.ledger.bind(store) });
    store.ledger = (tenant) => watched.store.ledger(tenant);
    watched.before = (method) => (method === 'alterations.deltaChain' ? gate.pass() : undefined);
    void server.api.get('/api/atome/a1?version=1');
    await gate.reached;
    const socket = await server.connect();
    await socket.next('welcome');
    closing = server.app.close();
    await socket.next('goaway');
    return gate;
  }

  it('says so before it does, and answers each connection for the last time', async () => {
    expect((await server.api.get('/health/ready')).headers.get('connection')).toBe('keep-alive');
    server.app.get(Drain, { strict: false }).announce();
    expect(await server.api.get('/health/ready')).toMatchObject({ status: 503 });
    const socket = await server.connect();
    await socket.next('welcome');
    const written = await server.api.post('/api/atome/create', { kind: 'note', data: {} });
    expect([written.status, written.headers.get('connection')]).toEqual([201, 'close']);
    const refused = await server.api.get('/api/atome/nothing');
    expect([refused.status, refused.headers.get('connection')]).toEqual([404, 'close']);
    await socket.next('atome:created');
    expect(socket.all('goaway')).toEqual([]);
  });

  it('takes what comes while others wait for their answers', async () => {
    const gate = await holdClosing();
    const written = await server.api.post('/api/atome/create', { kind: 'note', data: {} });
    expect([written.status, written.headers.get('connection')]).toEqual([201, 'close']);
    gate.open();
  });

  it('leaves what a client writes behind its goaway to the next server, without a word', async () => {
    const socket = await server.connect();
    await socket.next('welcome');
    socket.send({ type: 'mutate', opId: 'before', operation: 'create', atomeId: 'b1', kind: 'note', data: {} });
    await socket.next('ack');
    const gate = await holdClosing();
    await socket.next('goaway');
    socket.send({ type: 'mutate', opId: 'behind', operation: 'create', atomeId: 'b2', kind: 'note', data: {} });
    expect((await server.api.get('/api/atome/b2')).status).toBe(404);
    gate.open();
    expect(await socket.closed()).toMatchObject({ code: 1012 });
    expect([...socket.all('ack').map(({ opId }) => opId), ...socket.all('nack')]).toEqual(['before']);
  });

  it('tells those whom it meets then to come back, too', async () => {
    const gate = await holdClosing();
    const late = await server.connect();
    await late.next('goaway');
    gate.open();
    expect(await late.closed()).toMatchObject({ code: 1012 });
  });

  it('ends an event stream with the place to go on at, and a time of its own to do so', async () => {
    const url = `${server.url}/api/sync/changes?kinds=nothing`;
    const stream = await fetch(url, { headers: { accept: 'text/event-stream' } });
    const { seq } = await server.api.create();
    closing = server.app.close();
    const text = await stream.text();
    expect(/id: (\d+)\n\nretry: (\d+)\n\n$/.exec(text)?.slice(1).map(Number)).toEqual([seq, expect.any(Number)]);
  });
});
