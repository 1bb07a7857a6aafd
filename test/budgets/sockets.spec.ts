import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LEDGER_STORE, type LedgerStore } from '../../src/ledger/store.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { startApp, type TestApp } from '../support/server/app.js';

const [READERS, EVENTS] = [20, 100];

describe('the cost of a burst at the sockets', () => {
  let server: TestApp;
  beforeEach(async () => {
    server = await startApp();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await server.close();
  });

  /** Readers that are live, and a writer that is not one. */
  async function connected(isRange: boolean) {
    const readers = await Promise.all(Array.from({ length: READERS }, () => server.connect()));
    for (const reader of readers) {
      await reader.next('welcome');
      if (isRange) reader.send({ type: 'subscribe' });
      await reader.settled();
    }
    const writer = await server.connect();
    await writer.next('welcome');
    writer.send({ type: 'unsubscribe' });
    await writer.settled();
    return { readers, writer };
  }

  it.each([
    ['range', true],
    ['plain', false],
  ])('is one write for each %s reader and group', async (_name, isRange) => {
    const { readers, writer } = await connected(isRange);
    const store = server.app.get<LedgerStore>(LEDGER_STORE);
    const commits = jest.spyOn(store as SqlStore, 'commit');
    const writes = jest.spyOn(Socket.prototype, 'write');
    for (let n = 0; n < EVENTS; n += 1) {
      writer.send({
        type: 'mutate',
        opId: `op-${n}`,
        operation: 'create',
        atomeId: `a-${n}`,
        kind: 'note',
        data: { n },
      });
    }
    for (let n = 0; n < EVENTS; n += 1) await writer.answer();
    await Promise.all(readers.map((reader) => reader.settled()));
    const toReaders = writes.mock.calls.filter(([data]) => Buffer.isBuffer(data) && data.includes('"atome:created"'));
    expect(new Set(toReaders.map(([data]) => data)).size).toBeLessThanOrEqual(commits.mock.calls.length);
    expect(toReaders.length).toBeLessThanOrEqual(commits.mock.calls.length * READERS);
    expect(commits.mock.calls.length).toBeLessThan(EVENTS / 2);
    const acks = writes.mock.calls.filter(([data]) => Buffer.isBuffer(data) && data.includes('"type":"ack"'));
    expect(acks.length).toBeLessThanOrEqual(commits.mock.calls.length);
    const heard = readers.map(({ received }) =>
      received.filter(({ type }) => type === 'events' || type.startsWith('atome:')),
    );
    expect(heard.every((frames) => frames.length > 0)).toBe(true);
  });
});
