import { expect, it, jest } from '@jest/globals';
import { AtomeError } from '../../protocol/index.js';
import { HeldRefusals } from './held-refusals.js';

it('tells all refusals at the end, and those at once that come after it', async () => {
  jest.useFakeTimers();
  const refusals = new HeldRefusals();
  const told: string[] = [];
  const refuse = (name: string): void =>
    void refusals
      .told(new AtomeError('unavailable', name, { retryAfter: 1_000 }))
      .catch((refusal: unknown) => told.push((refusal as AtomeError).message));
  refuse('before');
  refusals.end();
  refuse('after');
  await jest.advanceTimersByTimeAsync(0);
  expect(told).toEqual(['before', 'after']);
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});
