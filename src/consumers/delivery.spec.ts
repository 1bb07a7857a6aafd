import { describe, expect, it } from '@jest/globals';
import { Gate } from '../../test/support/gate.js';
import type { ConsumerCall, TenantEvent } from './consumer-options.js';
import { EventDelivery, type TransactionEnd } from './delivery.js';
import { NotBegun, Overtaken } from './host-transactions.js';

const EVENT = {} as TenantEvent;

describe('a delivery whose handler', () => {
  const deliver = async (call: ConsumerCall): Promise<unknown> => {
    const about = { key: 'k', attempt: 1, signal: new AbortController().signal };
    const delivery = new EventDelivery(about, { run: (_first, work) => work({} as never) }, ['SELECT 1']);
    return (await delivery.to(call, EVENT)).failed?.error;
  };
  const no = new Error('no');
  const fails = async (): Promise<never> => Promise.reject(no);

  it('does not await a transaction that fails later has failed', async () => {
    const gate = new Gate();
    const delivered = deliver((_event, delivery) => {
      void delivery.transaction(() => gate.pass().then(fails));
    });
    await gate.reached;
    gate.open();
    expect(await delivered).toBe(no);
  });

  it('does not await a transaction that fails while it does something else has failed', async () => {
    const delivered = deliver(async (_event, delivery) => {
      void delivery.transaction(fails);
      await new Promise(setImmediate);
    });
    expect(await delivered).toBe(no);
  });

  it('asks what becomes of it but does not wait has failed, too', async () => {
    const gate = new Gate();
    const delivered = deliver((_event, delivery) => {
      delivery.transaction(() => gate.pass().then(fails)).catch(() => undefined);
    });
    await gate.reached;
    gate.open();
    expect(await delivered).toBe(no);
  });

  it('throws while its transaction is under way fails with what it has thrown', async () => {
    const delivered = deliver(async (_event, delivery) => {
      void delivery.transaction(() => new Promise<never>((_resolve, reject) => setImmediate(() => reject(no))));
      throw new Error('its own');
    });
    expect(await delivered).toEqual(new Error('its own'));
  });

  it('catches what its transaction fails with has decided that it is handled', async () => {
    const delivered = deliver((_event, delivery) => delivery.transaction(fails).catch(() => 'known'));
    expect(await delivered).toBeUndefined();
  });

  it('does not await a transaction that succeeds is through', async () => {
    const delivered = deliver((_event, delivery) => void delivery.transaction(async () => 'done'));
    expect(await delivered).toBeUndefined();
  });
});

describe('the transaction of a delivery', () => {
  const endOf = async (call: ConsumerCall, fault?: Error): Promise<TransactionEnd | undefined> => {
    const about = { key: 'k', attempt: 1, signal: new AbortController().signal };
    const run = <T>(_first: unknown, work: (transaction: never) => Promise<T>): Promise<T> =>
      fault ? Promise.reject(fault) : work({} as never);
    const { transaction } = await new EventDelivery(about, { run }, ['SELECT 1']).to(call, EVENT);
    return transaction;
  };
  const uses: ConsumerCall = (_event, delivery) => delivery.transaction(async () => undefined);

  it('is none where the handler wants none', async () => {
    expect(await endOf(() => undefined)).toBeUndefined();
  });

  it('is told as it has ended, whatever the handler has made of it', async () => {
    const notBegun = new NotBegun(new Error('locked'));
    const faults = [undefined, new Overtaken(), new Error('no'), notBegun];
    const catches: ConsumerCall = (event, delivery) => Promise.resolve(uses(event, delivery)).catch(() => undefined);
    for (const call of [uses, catches]) {
      const ends = await Promise.all(faults.map((fault) => endOf(call, fault)));
      expect(ends).toEqual(['committed', 'overtaken', 'failed', notBegun]);
    }
  });

  it('is committed also where the handler fails behind it', async () => {
    const end = await endOf(async (event, delivery) => {
      await uses(event, delivery);
      throw new Error('too late');
    });
    expect(end).toBe('committed');
  });
});
