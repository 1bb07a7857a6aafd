import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ConsumerStore } from '../consumers/consumer.store.js';
import type { Lanes } from '../consumers/lane.js';
import { WebhookStarter } from './webhook-starter.js';

describe('the start of webhooks', () => {
  let isAny: boolean;
  let looks: number;
  let told: string[];
  let starter: WebhookStarter;
  beforeEach(() => {
    jest.useFakeTimers();
    [isAny, looks, told] = [false, 0, []];
    starter = new WebhookStarter({
      runner: { add: () => void told.push('added'), wake: ({ name }) => void told.push(name) },
      rows: {
        isAny: () => {
          looks += 1;
          return looks === 2 ? Promise.reject(new Error('not now')) : Promise.resolve(isAny);
        },
      },
      lanes: { name: 'webhooks' } as Lanes,
      cursors: {} as ConsumerStore,
      onError: (error) => void told.push(String(error)),
    });
  });
  afterEach(() => {
    starter.onModuleDestroy();
    jest.useRealTimers();
  });

  it('is when there is one, whoever has made it, and once', async () => {
    await starter.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(7_000);
    expect([looks, told]).toEqual([3, ['Error: not now']]);
    isAny = true;
    await jest.advanceTimersByTimeAsync(60_000);
    expect([looks, told]).toEqual([4, ['Error: not now', 'added']]);
  });

  it('is at once where this process has made it', async () => {
    await starter.onApplicationBootstrap();
    starter.wake('acme', 'wh_1');
    starter.wake('acme', 'wh_2');
    await jest.advanceTimersByTimeAsync(60_000);
    expect([looks, told]).toEqual([1, ['added', 'wh_1', 'wh_2']]);
  });

  it('is never once the application ends', async () => {
    isAny = true;
    starter.onModuleDestroy();
    await starter.onApplicationBootstrap();
    starter.wake('acme', 'wh_1');
    await jest.advanceTimersByTimeAsync(60_000);
    expect(told).toEqual(['wh_1']);
  });
});
