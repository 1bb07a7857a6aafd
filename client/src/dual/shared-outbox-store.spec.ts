import { describe, expect, it } from '@jest/globals';
import { MemoryNetwork } from '../connection/memory-transport.js';
import { settle } from '../../../test/support/clients/scripted-server.js';
import { createClient } from '../offline/client.js';
import { memoryStore } from '../storage/memory/memory-store.js';
import type { Store, Tabs } from '../storage/store.js';
import { sharedOutboxStore } from './shared-outbox-store.js';

/** A store that knows of other tabs while it is open, as IndexedDB does, and whom it lets lead. */
function storeWithTabs(): { store: Store; lead: () => void; asked: Promise<void> } {
  const memory = memoryStore();
  let [tabs, lead, ask]: [Tabs | undefined, () => void, () => void] = [undefined, () => undefined, () => undefined];
  const asked = new Promise<void>((resolve) => (ask = resolve));
  const nothing = (): void => undefined;
  const store: Store = {
    ...memory,
    get tabs() {
      return tabs;
    },
    async open(owner, claim) {
      tabs = {
        lead(granted) {
          lead = granted;
          ask();
          return nothing;
        },
        tell: nothing,
        hear: () => nothing,
      };
      return memory.open(owner, claim);
    },
    async close() {
      tabs = undefined;
      await memory.close();
    },
  };
  return { store, lead: () => lead(), asked };
}

describe('a store with a shared outbox', () => {
  it('knows of other tabs as soon as the store below it does, and no longer', async () => {
    const { store } = storeWithTabs();
    const shared = sharedOutboxStore(store);
    expect(shared.tabs).toBeUndefined();
    await shared.open('us');
    expect(shared.tabs).toBe(store.tabs);
    expect(shared.tabs).toBeDefined();
    await shared.close();
    expect(shared.tabs).toBeUndefined();
  });

  it('says what the store below it keeps, and hears when that has ended', async () => {
    const memory = memoryStore();
    expect(sharedOutboxStore(memory).durable).toBe(false);
    let end: ((error: Error) => void) | undefined;
    const below: Store = { ...memory, durable: undefined, observe: (_, failed) => ((end = failed), () => undefined) };
    const shared = sharedOutboxStore(below);
    expect(shared.durable).toBeUndefined();
    const heard: Error[] = [];
    shared.observe!(
      () => undefined,
      (error) => heard.push(error),
    );
    const error = new Error('cleared');
    end!(error);
    expect(heard).toEqual([error]);
  });

  it('lets its client connect when no other tab leads, and not before', async () => {
    const { store, lead, asked } = storeWithTabs();
    const network = new MemoryNetwork();
    const client = createClient({ url: 'ws://test', store: sharedOutboxStore(store), dial: network.dial });
    await asked;
    expect(network.peers).toHaveLength(0);
    lead();
    await import('../offline/deferred.js');
    await settle();
    expect(network.peers).toHaveLength(1);
    await client.close();
  });
});
