import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Atome } from '../../../../src/protocol/index.js';
import type { Changes } from '../store.js';
import { indexedDbStore, type IndexedDbOptions } from './indexeddb-store.js';
import { withIndexedDb } from '../../../../test/support/browser/indexed-db.js';
import { note } from '../../../../test/support/clients/scripted-server.js';

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

describe('a commit of many atomes', () => {
  const COUNT = 450;
  const many = (count = COUNT): Atome[] => Array.from({ length: count }, (_, i) => note(`n${i}`));

  it('gives way after every hundred of them', async () => {
    const store = indexedDbStore({ name: randomUUID() });
    await store.open();
    const put = jest.spyOn(IDBObjectStore.prototype, 'put');
    /** How many were put without giving way, each time. */
    const runs: number[] = [];
    const look = (): void => {
      runs.push(put.mock.calls.length);
      put.mockClear();
      looking = setImmediate(look);
    };
    let looking = setImmediate(look);
    try {
      await store.commit([
        { clear: true, put: many(150) },
        { put: many(), remove: ['n0'] },
      ]);
      runs.push(put.mock.calls.length);
    } finally {
      clearImmediate(looking);
      put.mockRestore();
    }
    expect(Math.max(...runs)).toBeLessThanOrEqual(100);
    expect(runs.reduce((sum, count) => sum + count)).toBe(COUNT + 150);
    let read = 0;
    for await (const page of store.atomes()) read += page.length;
    expect(read).toBe(COUNT - 1);
    await store.close();
  });

  it('changes nothing where one of them cannot be kept, and the next one is kept', async () => {
    const store = indexedDbStore({ name: randomUUID() });
    await store.open();
    await store.commit([{ put: [note('before')] }]);
    const odd = { ...note('odd'), data: { odd: () => undefined } } as unknown as Atome;
    await expect(store.commit([{ clear: true, put: [...many(), odd] }])).rejects.toMatchObject({ code: 'storage' });
    await store.commit([{ put: [note('after')] }]);
    const ids: string[] = [];
    for await (const page of store.atomes()) ids.push(...page.map(({ id }) => id));
    expect(ids).toEqual(['after', 'before']);
    await store.close();
  });
});
