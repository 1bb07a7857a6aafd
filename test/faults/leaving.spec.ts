import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AtomeEvents } from '../../src/atome/atome-events.js';
import { Drain } from '../../src/http/drain.js';
import { LEDGER_STORE, type LedgerStore } from '../../src/ledger/store.js';
import type { TestSocket } from '../support/clients/socket.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { WatchedStore } from '../support/ledger/watched-store.js';
import { Gate } from '../support/gate.js';

/** Holds what asks its ledgers for something from here on. */
function hold({ app }: TestApp, what: string): Gate {
  const gate = new Gate();
  const store = app.get<LedgerStore>(LEDGER_STORE, { strict: false });
  const watched = new WatchedStore({ ...store, ledger: store.ledger.bind(store) });
  store.ledger = (tenant) => watched.store.ledger(tenant);
  watched.before = (method) => (method === what ? gate.pass() : undefined);
  return gate;
}

/** Holds the answers to reads of the past. */
const holdReads = (server: TestApp): Gate => hold(server, 'alterations.deltaChain');

describe('a server that goes down', () => {
  let server: TestApp;
  let closing: Promise<void> | undefined;
  beforeEach(async () => {
    closing = undefined;
    server = await startApp();
    await server.api.create({ name: 'One' }, { id: 'a1' });
  });
  afterEach(() => closing ?? server.close());

  /** Does something in the moment in which a client hears that it is sent away, before it hears of the close. */
  const onGoaway = (socket: TestSocket, act: () => void): void =>
    void socket.ws.on('message', () => socket.received.at(-1)!.type === 'goaway' && act());

  /** Its writer still takes what comes. */
  const expectWriting = async (): Promise<void> =>
    expect(await server.api.post('/api/atome/create', { kind: 'note', data: {} })).toMatchObject({ status: 201 });

  /** Begins to close it, and holds it where it waits for the answer to a read. */
  async function holdClosing(): Promise<Gate> {
    const gate = holdReads(server);
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
    const behind = { type: 'mutate', opId: 'behind', operation: 'create', atomeId: 'b2', kind: 'note', data: {} };
    onGoaway(socket, () => socket.send(behind));
    const gate = await holdClosing();
    expect(await socket.closed()).toMatchObject({ code: 1012 });
    expect((await server.api.get('/api/atome/b2')).status).toBe(404);
    gate.open();
    expect([...socket.all('ack').map(({ opId }) => opId), ...socket.all('nack')]).toEqual(['before']);
  });

  it('takes what a client of the original dialect writes until it hears of the close: it would not send it again', async () => {
    const written: string[] = [];
    server.app.get(AtomeEvents).stream.subscribe((event) => 'atome' in event && written.push(event.atome.id));
    const socket = await server.connect();
    await socket.next('welcome');
    const create = (id: string): void =>
      socket.send({ type: 'atome:created', atome: { id, kind: 'note', data: { name: id } } });
    onGoaway(socket, () => create('behind'));
    const closed = holdClosing();
    ['before', 'too'].forEach(create);
    const gate = await closed;
    expect(await socket.closed()).toMatchObject({ code: 1012 });
    gate.open();
    await closing;
    expect(written).toEqual(['before', 'too', 'behind']);
    expect(socket.all('error')).toEqual([]);
  });

  it('sends a socket away behind its own writes alone, whoever else is answered', async () => {
    const socket = await server.connect();
    await socket.next('welcome');
    const gate = await holdClosing();
    expect(await socket.closed()).toMatchObject({ code: 1012 });
    await expectWriting();
    gate.open();
  });

  it('acknowledges what a socket has written before it sends it away', async () => {
    const socket = await server.connect();
    await socket.next('welcome');
    const commit = hold(server, 'write.commit');
    socket.send({ type: 'mutate', opId: 'taken', operation: 'create', atomeId: 'b1', kind: 'note', data: {} });
    await commit.reached;
    closing = server.app.close();
    await socket.next('goaway');
    commit.open();
    expect(await socket.next('ack')).toMatchObject({ opId: 'taken' });
    expect(await socket.closed()).toMatchObject({ code: 1012 });
  });

  it('sends those away at once whom it meets then', async () => {
    const gate = await holdClosing();
    const late = await server.connect();
    await late.next('goaway');
    expect(await late.closed()).toMatchObject({ code: 1012 });
    expect(late.all('welcome')).toEqual([]);
    await expectWriting();
    gate.open();
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

describe('a server that goes down while it is not yet known who somebody is', () => {
  it('sends them away as everybody, and does not refuse them', async () => {
    const server = await startApp({ ...WITH_TOKENS, AUTH_TIMEOUT_MS: '1000' });
    const api = server.api.as(tokenOf('writer'));
    await api.create({ name: 'One' }, { id: 'a1' });
    const stranger = await server.connect();
    await stranger.next('welcome');
    const gate = holdReads(server);
    const read = api.get('/api/atome/a1?version=1');
    await gate.reached;
    const closing = server.app.close();
    expect(await stranger.closed()).toMatchObject({ code: 1012 });
    gate.open();
    expect((await read).status).toBe(200);
    await closing;
  });
});
