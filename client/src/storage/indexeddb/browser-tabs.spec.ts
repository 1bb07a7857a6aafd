import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { createBrowserTabs, type BrowserTabs } from './browser-tabs.js';

/** One lock, as the browser has it: granted at once, and taken away by a spec. */
class OneLock {
  steal: () => void = () => undefined;
  /** Settles as the request does. */
  asked: Promise<unknown> = Promise.resolve();

  readonly request = (_name: string, _options: object, hold: () => Promise<void>): Promise<void> => {
    const stolen = new Promise<never>((_, reject) => (this.steal = () => reject(new Error('it was stolen'))));
    const asked = Promise.race([hold(), stolen]);
    this.asked = asked.catch(() => undefined);
    return asked;
  };
}

const page = globalThis as unknown as { navigator?: unknown };
const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
let lock: OneLock;
let tabs: BrowserTabs;
let pulled: () => void;
let told: unknown[];
beforeEach(() => {
  lock = new OneLock();
  Object.defineProperty(page, 'navigator', { value: { locks: lock }, configurable: true });
  tabs = createBrowserTabs('tabs', () => new Promise((resolve) => (pulled = resolve)))!;
  told = [];
  jest.spyOn(BroadcastChannel.prototype, 'postMessage').mockImplementation((message) => void told.push(message));
});
afterEach(() => {
  tabs.close();
  jest.restoreAllMocks();
  if (before) Object.defineProperty(page, 'navigator', before);
  else delete page.navigator;
});

it('says that it leads as soon as it does, so that nobody else who waits takes it away', async () => {
  await new Promise<void>((resolve) => {
    tabs.lead(resolve);
    pulled();
  });
  expect(told).toEqual([undefined, 'I do']);
});

it('does not lead where the lock was taken away while it was still reading what the others have', async () => {
  const granted = jest.fn();
  tabs.lead(granted);
  lock.steal();
  await lock.asked;
  pulled();
  await new Promise((resolve) => setImmediate(resolve));
  expect(granted).not.toHaveBeenCalled();
  expect(told).toEqual([undefined]);
});
