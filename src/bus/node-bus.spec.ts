import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MemoryTransport } from '../../test/support/bus/memory.transport.js';
import { TestNode } from '../../test/support/bus/test-node.js';
import { ANNOUNCE_MS } from './node-bus.js';

describe('the bus of a node', () => {
  let transport: MemoryTransport;
  let node: TestNode;
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    transport = new MemoryTransport();
    node = new TestNode(transport);
  });
  afterEach(async () => {
    await node.bus.close();
    jest.useRealTimers();
  });

  const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);
  const peer = (digit: string): string => JSON.stringify([digit.repeat(12), 0]);

  it('is broken when it does not hear itself, whatever the connection says, and mends by itself', async () => {
    await pass(ANNOUNCE_MS);
    expect(node.bus.fault).toBeUndefined();
    transport.isDeaf = true;
    await pass(3 * ANNOUNCE_MS);
    expect(node.bus.fault).toBe('memory: what is sent does not come back: somebody has made it deaf');
    transport.isDeaf = false;
    await pass(2 * ANNOUNCE_MS);
    expect(node.bus.fault).toBeUndefined();
    expect(node.faults).toEqual([expect.any(String), undefined]);
  });

  it('forgets another that has not been heard for long', async () => {
    await pass(0);
    transport.inject(peer('a'));
    expect(node.bus.peerCount).toBe(1);
    await pass(2 * ANNOUNCE_MS);
    transport.inject(peer('b'));
    await pass(2 * ANNOUNCE_MS);
    expect(node.bus.peerCount).toBe(1);
  });

  it('remembers no more nodes than it has to, however many somebody makes up', async () => {
    await pass(0);
    for (let n = 0; n < 2_000; n += 1) transport.inject(JSON.stringify([n.toString(16).padStart(12, '0'), 0]));
    expect(node.bus.peerCount).toBe(1_000);
  });

  it('forgets within twelve seconds what another told that has died', async () => {
    const secret = randomBytes(32);
    const [one, dying] = [new TestNode(transport, secret), new TestNode(transport, secret)];
    await pass(0);
    dying.bus.state.set('who', 'me');
    await pass(1_000);
    expect(one.state).toEqual({ who: 'me' });
    transport.killNewest();
    const connecting = jest.spyOn(transport, 'connect').mockReturnValue(new Promise(() => undefined));
    await pass(12_000);
    expect(one.state).toEqual({});
    connecting.mockRestore();
    await Promise.all([one.bus.close(), dying.bus.close()]);
  });

  it('goes on trying where there is nothing to connect to', async () => {
    await pass(0);
    const connecting = jest.spyOn(transport, 'connect').mockRejectedValue(new Error('nobody there'));
    transport.cut();
    await pass(60_000);
    expect(node.bus.fault).toBe('memory: nobody there');
    connecting.mockRestore();
    await pass(10_000);
    expect(node.bus.fault).toBeUndefined();
  });
});
