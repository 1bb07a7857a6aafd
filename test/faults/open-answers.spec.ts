import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LEDGER_STORE, type LedgerStore } from '../../src/ledger/store.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { Gate } from '../support/gate.js';

const RENAME = ['/api/atome/a1/rename', { newName: 'Two' }, { 'idempotency-key': 'op-1' }] as const;

describe('the answer to a write', () => {
  let server: TestApp;
  let store: LedgerStore;
  beforeEach(async () => {
    server = await startApp();
    store = server.app.get<LedgerStore>(LEDGER_STORE, { strict: false });
    await server.api.create({ name: 'One' }, { id: 'a1' });
  });
  afterEach(() => server.close());

  it('is out before the server goes down, though it waits for a slow database', async () => {
    await server.api.post(...RENAME);
    const gate = new Gate();
    const deltaChain = store.deltaChain.bind(store);
    store.deltaChain = async (...wanted) => {
      await gate.pass();
      return deltaChain(...wanted);
    };
    const repeated = server.api.post(...RENAME);
    await gate.reached;
    const socket = await server.connect();
    await socket.next('welcome');
    const closing = server.app.close();
    await socket.next('goaway');
    await socket.settled();
    gate.open();
    expect(await repeated).toMatchObject({ status: 200, body: { version: 2, oldName: 'One', newName: 'Two' } });
    await closing;
  });

  it('needs nothing to be read again for a rename', async () => {
    const unread = (): Promise<never> => Promise.reject(new Error('it was read again'));
    Object.assign(store, { atome: unread, alteration: unread, deltaChain: unread });
    expect(await server.api.post(...RENAME)).toMatchObject({ status: 200, body: { oldName: 'One', newName: 'Two' } });
  });
});
