import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ChaosNetwork } from './chaos-network.js';

/** More than the system takes on the way by itself. */
const BYTES = 2 ** 26;

describe('a bad network', () => {
  let server: Server;
  let there: Socket[];
  let network: ChaosNetwork;
  let client: Socket;
  let close: (() => Promise<void>) | undefined;
  beforeEach(async () => {
    there = [];
    // it never ends a connection by itself
    server = createServer({ allowHalfOpen: true }, (socket) => there.push(socket.on('error', () => undefined)));
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(async () => {
    there.forEach((socket) => socket.destroy());
    client.destroy();
    await close?.();
    await new Promise((resolve) => server.close(resolve));
  });

  /** @param random 0.15: each connection is there twice, and no more goes wrong; 0.5: nothing does. */
  async function open(random: number, connections: number): Promise<void> {
    const { port } = server.address() as AddressInfo;
    network = await ChaosNetwork.to({ host: '127.0.0.1', port, isSecure: false }, () => random);
    close = () => network.close();
    client = connect(Number(new URL(network.url).port), '127.0.0.1').on('error', () => undefined);
    while (there.length < connections) await turn();
  }

  it('takes no more than it can hold while nothing comes through, and has all come later', async () => {
    await open(0.5, 1);
    network.stall();
    client.write(Buffer.alloc(BYTES));
    while (!network.counts['held back']) await turn();
    expect(client.writableLength).toBeGreaterThan(0);
    network.go();
    let arrived = 0;
    there[0]!.on('data', ({ length }) => (arrived += length));
    while (arrived < BYTES) await turn();
    expect(client.writableLength).toBe(0);
  });

  it('gives a second connection up that takes nothing, and the first one goes on', async () => {
    await open(0.15, 2);
    client.write(Buffer.alloc(BYTES));
    // which of both is the twin is not known: the one that gets all is not
    const arrived = there.map(() => 0);
    there.forEach((socket, at) => socket.on('data', ({ length }) => (arrived[at]! += length)));
    while (Math.max(...arrived) < BYTES) await turn();
    expect(client.writableLength).toBe(0);
  });

  it('closes though a server does not end its side', async () => {
    await open(0.15, 2);
    client.write('hello');
    await once(there[0]!, 'data');
    await close!();
    close = undefined;
    expect(network.counts.doubled).toBe(1);
  });
});
