import { afterEach, describe, expect, it } from '@jest/globals';
import {
  create,
  openLedger,
  ORIGIN,
  TENANT,
  update,
  write,
  type TestLedger,
} from '../../../test/support/ledger/ledger.js';
import { WatchedStore } from '../../../test/support/ledger/watched-store.js';
import type { AtomeError } from '../../protocol/index.js';
import { MAX_WAITING } from './admission.js';
import { openStore } from '../stores/open-store.js';
import { NO_QUOTAS, WriteRate, type Quotas } from './quotas.js';
import { verifyLedger } from '../integrity/verify-ledger.js';

describe('the rate of writes', () => {
  const waits = (rate: WriteRate, tenant: string, now: number, times: number): (number | undefined)[] =>
    Array.from({ length: times }, () => {
      try {
        rate.take(tenant, now);
        return undefined;
      } catch (error) {
        return (error as { details: { retryAfter: number } }).details.retryAfter;
      }
    });

  it('allows a burst, then so many a second, and says how long to wait', () => {
    const rate = new WriteRate({ ...NO_QUOTAS, writesPerSecond: 10, writeBurst: 3 });
    expect(waits(rate, 'a', 0, 5)).toEqual([undefined, undefined, undefined, 100, 100]);
    expect(waits(rate, 'a', 99, 1)).toEqual([1]);
    expect(waits(rate, 'a', 100, 2)).toEqual([undefined, 100]);
    expect(waits(rate, 'b', 100, 1)).toEqual([undefined]);
    expect(waits(rate, 'a', 60_000, 4)).toEqual([undefined, undefined, undefined, 100]);
  });

  it('is not bounded by default', () => {
    expect(waits(new WriteRate(NO_QUOTAS), 'a', 0, 10_000)).toEqual(Array(10_000).fill(undefined));
  });
});

describe('the writes of a tenant', () => {
  let ledger: TestLedger;
  afterEach(() => ledger.close());

  it('are charged for all rows that they make', async () => {
    ledger = await openLedger(undefined, { quotas: { writesPerSecond: 10, writeBurst: 20 }, now: () => 1_000_000 });
    await ledger.write(create('top'));
    for (let n = 0; n < 9; n += 1) {
      await ledger.write(write(`heir-${n}`, 'create', { ...CHILD, parentId: 'top', access: 'inherit' }));
    }
    await ledger.write(write('top', 'share', { access: 'private' }));
    await ledger.settled();
    await expect(ledger.write(create('late'))).rejects.toMatchObject({
      code: 'rate_limited',
      details: { retryAfter: 100 },
    });
  });

  it('wait in a bounded number, each tenant’s by itself, and what is refused for it may come again', async () => {
    ledger = await openLedger();
    const settled = Promise.allSettled(
      Array.from({ length: MAX_WAITING.tenant + 2 }, (_, n) =>
        ledger.writer.submit('greedy', update(`a${n}`, {}), ORIGIN),
      ),
    );
    await expect(ledger.write(create('other'))).resolves.toMatchObject({ outcome: 'applied' });
    const reasons = (await settled).map((each) => (each as PromiseRejectedResult).reason as AtomeError);
    expect(reasons.map(({ code }) => code).lastIndexOf('not_found')).toBe(MAX_WAITING.tenant - 1);
    expect(reasons.slice(-2)).toMatchObject(Array(2).fill({ code: 'unavailable', details: { retryAfter: 1_000 } }));
    await expect(ledger.writer.submit('greedy', create('a'), ORIGIN)).resolves.toMatchObject({ outcome: 'applied' });
  }, 60_000);
});

const CHILD = { kind: 'note', type: null, data: {}, meta: {} } as const;

describe('what a tenant may hold', () => {
  let ledger: TestLedger;
  afterEach(() => ledger.close());
  const open = async (quotas: Partial<Quotas>): Promise<void> => {
    ledger = await openLedger(undefined, { quotas });
  };
  const exceeded = (quota: string) => ({ code: 'quota_exceeded', details: { quota, retryAfter: 60_000 } });

  it('is a number of atomes; deleting makes room, restoring takes it', async () => {
    await open({ atomes: 2 });
    await ledger.write(create('a'));
    const all = await Promise.allSettled(['b', 'c'].map((id) => ledger.write(create(id))));
    expect(all).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: exceeded('atomes') }]);
    await ledger.write(update('a', { n: 1 }));
    await ledger.write(write('a', 'delete', {}));
    await ledger.write(create('c'));
    await expect(ledger.write(write('a', 'restore', { version: 1 }))).rejects.toMatchObject(exceeded('atomes'));
    expect(await ledger.reader.head(TENANT)).toMatchObject({ seq: 5, atomes: 2 });
  });

  it('is a number of bytes; a deletion is still possible', async () => {
    await open({ bytes: 10_000 });
    await ledger.write(create('a', { text: 'x'.repeat(3_000) }));
    await expect(ledger.write(create('b', { text: 'é'.repeat(2_000) }))).rejects.toMatchObject(exceeded('bytes'));
    await ledger.write(create('b', { text: 'e'.repeat(1_500) }));
    await expect(ledger.write(update('a', { text: 'y'.repeat(1_000) }))).resolves.toBeDefined();
    await expect(ledger.write(update('a', { more: 'y'.repeat(3_000) }))).rejects.toMatchObject(exceeded('bytes'));
    await ledger.write(write('a', 'delete', {}));
  });

  it('is not grown by rights that are given again and again; taking them away needs no room', async () => {
    await open({ bytes: 10_000 });
    await ledger.write(create('a'));
    await ledger.write(write('b', 'create', { ...CHILD, parentId: 'a', access: 'inherit' }));
    const lists = (n: number) => ({ read: Array.from({ length: 90 }, (_, i) => `reader-${n}-${i}`), write: [] });
    const share = (n: number) => ledger.write(write('a', 'share', { access: lists(n) }));
    const given = await Promise.allSettled(Array.from({ length: 50 }, (_, n) => share(n)));
    expect(given.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(40);
    await expect(share(99)).rejects.toMatchObject(exceeded('bytes'));
    await ledger.write(write('a', 'share', { access: 'private' }));
    await ledger.settled();
    await expect(share(100)).rejects.toMatchObject(exceeded('bytes'));
    expect(await ledger.reader.standing(TENANT, 'b')).toMatchObject({ inherited: { read: [] } });
    expect((await verifyLedger(ledger.store.ledger(TENANT))).fault).toBeUndefined();
  });

  it('is that of each tenant alone', async () => {
    await open({ atomes: 1 });
    await ledger.write(create('a'));
    await ledger.writer.submit('other', create('a'), ORIGIN);
  });

  it('is counted as it is, whatever is written', async () => {
    await open({});
    for (let i = 0; i < 40; i += 1) {
      const id = `a${i % 4}`;
      await ledger.write(create(id, { text: 'ü'.repeat(700) })).catch(() => undefined);
      await ledger.write(update(id, { text: `${i}`.repeat(1_000) }, { opId: `op${i % 9}` })).catch(() => undefined);
      if (i % 7 === 0) await ledger.write(write(id, 'delete', {}));
      else if (i % 7 === 3) await ledger.write(write(id, 'restore', { version: 1 }));
    }
    expect((await verifyLedger(ledger.store.ledger(TENANT))).fault).toBeUndefined();
  });
});

describe('a tenant that writes very much', () => {
  it('takes turns with the others, group by group', async () => {
    const watched = new WatchedStore(await openStore('sqlite::memory:'));
    const ledger = await openLedger(watched.store);
    await Promise.all(['quiet', 'noisy'].map((tenant) => ledger.writer.submit(tenant, create('warm'), ORIGIN)));
    const settled: string[] = [];
    const submit = (tenant: string, id: string): Promise<unknown> =>
      ledger.writer.submit(tenant, create(id), ORIGIN).then(() => settled.push(tenant));
    const flood = Array.from({ length: 5_000 }, (_, i) => submit('noisy', `n${i}`));
    await submit('quiet', 'q1');
    await submit('quiet', 'q2');
    // a group is at most 200 writes: each write of the quiet one waited for one or two of them
    expect(settled.filter((tenant) => tenant === 'noisy').length).toBeLessThanOrEqual(800);
    await Promise.all(flood);
    await ledger.close();
  });
});
