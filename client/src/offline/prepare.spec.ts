/**
 * JSON Patch does not come.
 * @ownModules
 */
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { prepare } from './optimistic.js';

beforeEach(() => void jest.useFakeTimers({ now: 0 }));
afterEach(() => void jest.useRealTimers());

const patches = [{ changes: [{ op: 'test', path: '', value: 1 }] }];

it('holds writes for two seconds, once, where the network says nothing', async () => {
  const load = jest.fn(() => new Promise<never>(() => undefined));
  let waited = 0;
  void prepare(patches, load)!.then(() => (waited = Date.now()));
  await jest.advanceTimersByTimeAsync(60_000);
  expect(waited).toBe(2_000);
  await prepare(patches, load);
  expect(Date.now()).toBe(60_000);
  expect(load).toHaveBeenCalledTimes(1);
});
