import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MemoryTransport } from '../../test/support/bus/memory.transport.js';
import { SECRET, TestNode } from '../../test/support/bus/test-node.js';
import { Messages } from './messages.js';
import { ANNOUNCE_MS, NodeBus } from './node-bus.js';

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
  const peer = (name: string): string => new Messages(name, SECRET).textOf({ type: 'alive', revision: 0 });

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

  it('forgets within twelve seconds what another told that has died', async () => {
    const [one, dying] = [new TestNode(transport), new TestNode(transport)];
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

  it('has one connection, however it breaks while it is made', async () => {
    await pass(0);
    const connect = transport.connect.bind(transport);
    let fail = (): void => undefined;
    const connecting = jest.spyOn(transport, 'connect').mockImplementationOnce(async (events) => {
      const connection = await connect(events);
      fail = () => events.broken(new Error('at once'));
      fail();
      return connection;
    });
    transport.cut();
    await pass(60_000);
    expect(node.bus.fault).toBeUndefined();
    expect(transport.connectionCount).toBe(1);
    await node.bus.close();
    expect(transport.connectionCount).toBe(0);
    connecting.mockRestore();
  });

  it('is broken where the secret cannot be read, says so, and mends by itself', async () => {
    let isThere = false;
    const secret = (): Promise<Buffer> => (isThere ? Promise.resolve(SECRET) : Promise.reject(new Error('no right')));
    const bus = new NodeBus({ secret, hasRoom: () => true }, transport);
    const faults: unknown[] = [];
    bus.start({ hint: () => undefined, changed: (fault) => faults.push(fault) });
    await pass(1_000);
    isThere = true;
    await pass(10_000);
    expect(faults).toEqual(['memory: no right', undefined]);
    await bus.close();
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
