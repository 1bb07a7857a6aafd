import { describe, expect, it } from '@jest/globals';
import { Gate } from '../../test/support/gate.js';
import type { ConsumerCall, TenantEvent } from './consumer-options.js';
import { EventDelivery } from './delivery.js';

const EVENT = {} as TenantEvent;

describe('a delivery whose handler', () => {
  const deliver = async (call: ConsumerCall): Promise<unknown> => {
    const about = { key: 'k', attempt: 1, signal: new AbortController().signal };
    const delivery = new EventDelivery(about, { run: (_first, work) => work({} as never) }, ['SELECT 1']);
    return (await delivery.to(call, EVENT))?.error;
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
