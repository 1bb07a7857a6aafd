import { afterEach, describe, expect, it, jest } from '@jest/globals';
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
import type { AskedAccess, AtomeError, Mutation } from '../../protocol/index.js';
import { MAX_WAITING } from './admission.js';
import { openStore } from '../stores/open-store.js';
import { NO_QUOTAS, WriteRate, type Quotas } from './quotas.js';
import { verifyLedger } from '../integrity/verify-ledger.js';

it('keeps nobody out when the clock is put back', async () => {
  let now = 600_000;
  // one burst, of which little is paid off while this runs
  const quotas = { writesPerSecond: 1, writeBurst: 3 };
  const ledger = await openLedger(undefined, { quotas, now: () => now });
  await ledger.write(create('a'));
  await ledger.write(update('a', { x: 1 }));
  now = 0;
  await ledger.write(update('a', { x: 2 }));
  const refused = await ledger
    .write(update('a', { x: 3 }))
    .catch((refusal: unknown) => (refusal as AtomeError).details?.retryAfter);
  expect(refused).toBeLessThanOrEqual(1_000);
  await ledger.close();
});

describe('the rate of writes', () => {
  const waits = (rate: WriteRate, tenant: string, now: number, times: number): number[] =>
    Array.from({ length: times }, () => {
      const wait = rate.waitFor(tenant, now);
      if (wait === 0) rate.charge(tenant, 1, now);
      return wait;
    });

  it('allows a burst, then so many a second, and says how long to wait', () => {
    const rate = new WriteRate({ ...NO_QUOTAS, writesPerSecond: 10, writeBurst: 3 });
    expect(waits(rate, 'a', 0, 5)).toEqual([0, 0, 0, 100, 100]);
    expect(waits(rate, 'a', 99, 1)).toEqual([1]);
    expect(waits(rate, 'a', 100, 2)).toEqual([0, 100]);
    expect(waits(rate, 'b', 100, 1)).toEqual([0]);
    expect(waits(rate, 'a', 60_000, 4)).toEqual([0, 0, 0, 100]);
  });

  it('is not bounded by default', () => {
    expect(waits(new WriteRate(NO_QUOTAS), 'a', 0, 10_000)).toEqual(Array(10_000).fill(0));
  });

  it('remembers those who owe, and forgets the others, so that names cost nothing', () => {
    const rate = new WriteRate({ writesPerSecond: 1, writeBurst: 1 });
    const sizeOf = (): number => (rate as unknown as { paidOff: Map<string, number> }).paidOff.size;
    rate.charge('debtor', 1_000_000, 0);
    for (let n = 0; n < 10_000; n += 1) rate.charge(`name-${n}`, 1, n * 60);
    expect(sizeOf()).toBeLessThan(3_000);
    expect(rate.waitFor('debtor', 600_000)).toBe(1_000_000_000 - 600_000);
  });
});

describe('the writes of a tenant', () => {
  let ledger: TestLedger;
  afterEach(() => ledger.close());

  it('are charged for all rows that they make', async () => {
    const clock = jest.spyOn(performance, 'now').mockReturnValue(1_000_000);
    ledger = await openLedger(undefined, { quotas: { writesPerSecond: 10, writeBurst: 20 } });
    await ledger.write(create('top'));
    for (let n = 0; n < 9; n += 1) {
      await ledger.write(write(`descendant-${n}`, 'create', { ...CHILD, parentId: 'top', access: 'inherit' }));
    }
    await ledger.write(write('top', 'share', { access: 'private' }));
    await ledger.settled();
    await expect(ledger.write(create('late'))).rejects.toMatchObject({
      code: 'rate_limited',
      details: { retryAfter: 100 },
    });
    clock.mockRestore();
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
  });
});

const CHILD = { kind: 'note', type: null, data: {}, meta: {} } as const;

describe('what a tenant may hold', () => {
  let ledger: TestLedger;
  afterEach(() => ledger.close());
  const open = async (quotas: Partial<Quotas>): Promise<void> => {
    ledger = await openLedger(undefined, { quotas });
  };
  const expectCounted = async (): Promise<void> =>
    expect((await verifyLedger(ledger.store.ledger(TENANT))).fault).toBeUndefined();
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
    expect(await ledger.reader.head()).toMatchObject({ seq: 5, atomes: 2 });
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
    expect(await ledger.reader.headerOf('b')).toMatchObject({ inherited: { read: [] } });
    expect((await verifyLedger(ledger.store.ledger(TENANT))).fault).toBeUndefined();
  });

  it('never keeps a right from being taken away: from names, a group, by a move or an end of inheriting', async () => {
    await open({});
    const wide = { read: ['ann', 'bob', 'group:staff'], write: ['ann', 'group:staff'] };
    const child = (id: string, parentId: string | null, access: AskedAccess): Mutation =>
      write(id, 'create', { ...CHILD, parentId, access });
    for (const each of [child('open', null, wide), child('closed', null, { read: ['bob'], write: [] })]) {
      await ledger.write(each);
    }
    for (const id of ['a', 'b', 'c']) await ledger.write(child(id, 'open', 'inherit'));
    const { bytes } = await ledger.reader.head();
    const { store } = ledger;
    await ledger.writer.drain();
    ledger = await openLedger(store, { quotas: { bytes } });
    const share = (id: string, access: AskedAccess): Mutation => write(id, 'share', { access });
    const free = [
      share('open', { read: ['ann', 'group:staff', 'bob'], write: ['ann'] }),
      share('open', { read: ['ann', 'bob'], write: ['ann'] }),
      write('a', 'replace', { parentId: 'closed' }),
      share('b', { read: ['ann'], write: [] }),
      share('c', 'private'),
      share('open', { read: ['bob'], write: [] }),
      share('open', 'private'),
    ];
    for (const each of free) {
      await expect(ledger.write(each)).resolves.toMatchObject({ outcome: 'applied' });
      await ledger.settled();
    }
    const refused = [
      share('open', 'tenant'),
      share('b', { read: ['ann', 'bob'], write: [] }),
      share('b', { read: ['ann', 'ann'], write: [] }),
      write('a', 'replace', { parentId: 'open', data: { n: 1 } }),
      write('a', 'replace', { type: 'moved' }),
    ];
    for (const each of refused) await expect(ledger.write(each)).rejects.toMatchObject(exceeded('bytes'));
    for (const each of [write('a', 'delete', {}), write('b', 'redact', {})]) await ledger.write(each);
    await expectCounted();
  });

  it('is that of each tenant alone', async () => {
    await open({ atomes: 1 });
    await ledger.write(create('a'));
    await ledger.writer.submit('other', create('a'), ORIGIN);
  });

  const LONG = 'é'.repeat(500);
  const NAMES = { read: Array.from({ length: 20 }, (_, n) => `reader-${n}`.padEnd(100, 'x')), write: [] };
  const KEYS = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`${n}`.padEnd(100, 'k'), 0]));
  const SET = Object.fromEntries(Object.keys(KEYS).map((key) => [key, 1]));
  const OLD = { hlc: '000001700000000000-0000-n' };
  it.each<[what: string, least: number, once: Mutation, before: Mutation | null]>([
    ['a reason', 1_000, update('a', { n: 1 }, { reason: LONG }), null],
    ['the reason of a deletion', 1_000, write('a', 'delete', {}, { reason: LONG }), null],
    ['the reason of a share', 1_000, write('a', 'share', { access: 'private' }, { reason: LONG }), null],
    ['meta', 1_000, write('a', 'replace', { meta: { LONG } }), null],
    ['tags', 1_000, write('a', 'tag', { tags: [LONG] }), null],
    ['the stamps of keys', 2_000, update('a', KEYS), null],
    ['keys on which a write has lost', 2_000, update('a', KEYS, OLD), update('a', SET)],
    ['lists of names, which are kept with the atome too', 4_000, write('a', 'share', { access: NAMES }), null],
    ['an opId', 200, update('a', { n: 1 }, { opId: 'o'.repeat(200) }), null],
    ['an opId of what alters nothing', 200, update('a', {}, { opId: 'o'.repeat(200) }), null],
    ['an opId of a create that is repeated', 200, create('a', { n: 0 }, { opId: 'o'.repeat(200) }), null],
  ])('counts %s', async (_what, least, once, before) => {
    await open({});
    await ledger.write(create('a', { n: 0 }));
    if (before) await ledger.write(before);
    const bytes = async (): Promise<number> => (await ledger.reader.head()).bytes;
    const had = await bytes();
    await ledger.write(once);
    expect((await bytes()) - had).toBeGreaterThan(least);
    await expectCounted();
    await ledger.close();
    const room = had + least;
    await open({ bytes: room });
    await ledger.write(create('a', { n: 0 }));
    if (before) await ledger.write(before);
    const isFree = ['delete', 'share'].includes(once.operation);
    if (isFree) await ledger.write(once);
    else await expect(ledger.write(once)).rejects.toMatchObject(exceeded('bytes'));
  });

  it('is counted as it is, whatever is written', async () => {
    await open({});
    for (let i = 0; i < 40; i += 1) {
      const id = `a${i % 4}`;
      await ledger.write(create(id, { text: 'ü'.repeat(700) })).catch(() => undefined);
      await ledger.write(update(id, { text: `${i}`.repeat(1_000) }, { opId: `op${i % 9}` })).catch(() => undefined);
      await ledger.write(update(id, {}, { opId: `noop${i % 5}`, reason: 'ö' })).catch(() => undefined);
      await ledger.write(write(id, 'share', { access: i % 2 ? NAMES : 'tenant' })).catch(() => undefined);
      if (i === 30) await ledger.write(write(id, 'redact', {}, { reason: 'because' }));
      if (i % 7 === 0) await ledger.write(write(id, 'delete', {}));
      else if (i % 7 === 3) await ledger.write(write(id, 'restore', { version: 1 })).catch(() => undefined);
      await expectCounted();
    }
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
    // five full groups always have room
    const flood = Array.from({ length: 1_000 }, (_, i) => submit('noisy', `n${i}`));
    await submit('quiet', 'q1');
    await submit('quiet', 'q2');
    // a group is at most 200 writes: each write of the quiet one waited for one or two of them
    expect(settled.filter((tenant) => tenant === 'noisy').length).toBeLessThanOrEqual(600);
    await Promise.all(flood);
    await ledger.close();
  });
});
