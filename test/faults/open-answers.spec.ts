import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LEDGER_STORE, type LedgerStore } from '../../src/ledger/store.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { WatchedStore } from '../support/ledger/watched-store.js';
import { Gate } from '../support/gate.js';

const RENAME = ['/api/atome/a1/rename', { newName: 'Two' }, { 'idempotency-key': 'op-1' }] as const;

describe('an answer', () => {
  let server: TestApp;
  let store: LedgerStore;
  beforeEach(async () => {
    server = await startApp();
    store = server.app.get<LedgerStore>(LEDGER_STORE, { strict: false });
    await server.api.create({ name: 'One' }, { id: 'a1' });
  });
  afterEach(() => server.close());

  /** Watches what the server asks of its ledgers from here on. */
  function watchLedgers(): WatchedStore {
    const watched = new WatchedStore({ ...store, ledger: store.ledger.bind(store) });
    store.ledger = (tenant) => watched.store.ledger(tenant);
    return watched;
  }

  it('to a write is out before the server goes down, though it waits for a slow database', async () => {
    await server.api.post(...RENAME);
    const gate = new Gate();
    watchLedgers().before = (method) => (method === 'alterations.deltaChain' ? gate.pass() : undefined);
    const repeated = server.api.post(...RENAME);
    await gate.reached;
    const socket = await server.connect();
    await socket.next('welcome');
    const closing = server.app.close();
    await socket.next('goaway');
    await server.api.get('/health/live');
    gate.open();
    expect(await repeated).toMatchObject({ status: 200, body: { version: 2, oldName: 'One', newName: 'Two' } });
    await closing;
  });

  it('to a read is out before the server goes down, too', async () => {
    const gate = new Gate();
    watchLedgers().before = (method) => (method === 'alterations.deltaChain' ? gate.pass() : undefined);
    const read = server.api.get('/api/atome/a1?version=1');
    await gate.reached;
    const socket = await server.connect();
    await socket.next('welcome');
    const closing = server.app.close();
    await socket.next('goaway');
    await server.api.get('/health/live');
    gate.open();
    expect(await read).toMatchObject({ status: 200, body: { atome: { id: 'a1', version: 1 } } });
    await closing;
  });

  it('to a rename needs nothing to be read again', async () => {
    const reads = ['atomes.get', 'alterations.version', 'alterations.deltaChain'];
    watchLedgers().before = (method) => {
      if (reads.includes(method)) throw new Error('it was read again');
    };
    expect(await server.api.post(...RENAME)).toMatchObject({ status: 200, body: { oldName: 'One', newName: 'Two' } });
  });
});
