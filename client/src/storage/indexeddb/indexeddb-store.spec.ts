import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Changes } from '../store.js';
import { indexedDbStore, type IndexedDbOptions } from './indexeddb-store.js';
import { withIndexedDb } from '../../../../test/support/browser/indexed-db.js';

withIndexedDb();

const page = globalThis as unknown as { navigator?: unknown };
const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
let persist: jest.Mock<() => Promise<boolean>>;
beforeEach(() => {
  persist = jest.fn(() => Promise.resolve(false));
  Object.defineProperty(page, 'navigator', { value: { storage: { persist } }, configurable: true });
});
afterEach(() => {
  delete page.navigator;
  if (before) Object.defineProperty(page, 'navigator', before);
});

const write = (opId: string): Changes => ({ append: [{ opId, operation: 'delete', atomeId: 'a' }] });

/** Makes commits one after the other in a new store. */
async function commit(options: IndexedDbOptions, ...changes: Changes[]): Promise<void> {
  const store = indexedDbStore({ name: randomUUID(), ...options });
  await store.open();
  for (const each of changes) await store.commit([each]);
  await store.close();
}

describe('the browser', () => {
  it('is asked to keep the data when there is a first own write, and once', async () => {
    await commit({}, { remove: ['a'] });
    expect(persist).not.toHaveBeenCalled();
    await commit({}, write('1'), write('2'));
    expect(persist).toHaveBeenCalledTimes(1);
  });

  it('is not asked where that is not wanted', async () => {
    await commit({ persist: false }, write('1'));
    expect(persist).not.toHaveBeenCalled();
  });

  it('may refuse, or have nobody to ask', async () => {
    persist.mockRejectedValue(new TypeError('not over http'));
    await commit({}, write('1'));
    Object.defineProperty(page, 'navigator', { value: {}, configurable: true });
    await commit({}, write('1'));
  });
});
