import { afterEach, expect, it, jest } from '@jest/globals';
import { MemoryNetwork } from '../connection/memory-transport.js';
import { NO_STORE } from '../storage/no-store.js';
import { createConditionWaiters } from './condition-waiters.js';
import { createLink, type Link } from './link.js';
import type { Deferred } from './load-deferred.js';
import { createReplica } from './replica.js';
import { createWriteClock } from './write-clock.js';

let link: Link;
afterEach(() => link.stop('the end'));

it('tells that it knows more once the engine is there, which what waits can need', async () => {
  let come: (deferred: Deferred) => void = () => undefined;
  const deferred = new Promise<Deferred>((resolve) => (come = resolve));
  const { until, check } = createConditionWaiters(() => undefined);
  const published = jest.fn(check);
  const replica = createReplica(NO_STORE, () => undefined, deferred);
  link = createLink(
    { dial: new MemoryNetwork().dial },
    {
      ...{ replica, clock: createWriteClock(), deferred, until },
      ...{ emit: () => undefined, publish: published, overtaken: () => undefined },
    },
  );
  replica.open(link.whose);
  await replica.loaded;
  // another tab leads, with another subscription
  const place = { cursor: null, subscription: '{"kinds":["todo"]}', skewMs: null, stamp: null };
  await replica.commit({ place });
  const ready = until(() => link.cursor() !== null, link.apart);
  expect(link.apart()).toBeUndefined();
  come(await import('./deferred.js'));
  await expect(ready).rejects.toMatchObject({ code: 'invalid' });
  expect(published).toHaveBeenCalledTimes(1);
});
