import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FaultProxy, type Fault } from './fault-proxy.js';
import { randomFrom } from '../models/random.js';

describe('the fault proxy, before a server that says everything twice', () => {
  let server: Server;
  let proxy: FaultProxy;
  let client: Socket;
  /** The server's ends, and what they were told. */
  let ends: Socket[];
  let told: string;
  let heard: string;
  beforeEach(async () => {
    [ends, told, heard] = [[], '', ''];
    server = createServer((end) => {
      ends.push(end);
      end
        .on('error', () => undefined)
        .on('data', (chunk) => {
          told += chunk.toString();
          end.write(chunk.toString().repeat(2));
        });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await FaultProxy.to(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    client = await open();
    await answer('hello');
    heard = '';
  });
  afterEach(async () => {
    client.destroy();
    await proxy.close();
    server.close();
    ends.forEach((end) => end.destroy());
  });

  function dial(): Socket {
    const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
    return socket.on('data', (chunk) => (heard += chunk.toString())).on('error', () => undefined);
  }

  async function open(): Promise<Socket> {
    const socket = dial();
    await once(socket, 'connect');
    return socket;
  }

  /** Also when it ends with an error. */
  const closed = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once('close', resolve));

  async function answer(text: string): Promise<void> {
    client.write(text);
    while (heard !== text.repeat(2)) await once(client, 'data');
  }

  it('carries everything while nothing is wrong', async () => {
    await answer('a'.repeat(300_000));
  });

  it.each<Fault['kind']>(['cut', 'refuse'])('resets connections: %s', async (kind) => {
    const both = [closed(client), closed(ends[0]!)];
    proxy.break({ kind } as Fault);
    await Promise.all(both);
    client = dial();
    if (kind === 'refuse') await closed(client);
    else await answer('again');
  });

  it.each<Fault>([
    { kind: 'delay', ms: 25 },
    { kind: 'throttle', bytesPerSecond: 4_000 },
  ])('takes its time, and loses nothing: $kind', async (fault) => {
    proxy.break(fault);
    const began = performance.now();
    await answer('x'.repeat(100));
    // timers of Node may fire a millisecond early
    expect(performance.now() - began).toBeGreaterThanOrEqual(45);
  });

  it('closes the end of the server alone: half-open', async () => {
    const noticed = closed(ends[0]!);
    proxy.break({ kind: 'half-open' });
    await noticed;
    client.write('into the void');
    expect(client.destroyed).toBe(false);
    proxy.heal();
    client.write('is somebody there?');
    await closed(client);
    expect([told, heard]).toEqual(['hello', '']);
  });

  it('keeps everything back, and lets it through when it is healed: black-hole', async () => {
    proxy.break({ kind: 'black-hole' });
    client.write('late');
    // another way past the hole would have answered by then
    await new Promise<void>((resolve) => client.write('r', () => setImmediate(resolve)));
    expect(told).toBe('hello');
    proxy.heal();
    while (heard.length < 10) await once(client, 'data');
    expect(told).toBe('hellolater');
  });

  it('resets the connection after the request has arrived: lose-answer', async () => {
    proxy.break({ kind: 'lose-answer' });
    client.write('lost');
    await closed(client);
    expect([told, heard]).toEqual(['hellolost', '']);
  });

  it('flaps as its seed has it, and is whole afterwards', async () => {
    const broken: Fault[][] = [[], []];
    for (const seen of broken) {
      const begin = proxy.break.bind(proxy);
      proxy.break = (fault) => {
        seen.push(fault);
        begin(fault);
      };
      await proxy.flap(8, randomFrom(7), () => Promise.resolve());
      proxy.break = begin;
    }
    expect(broken[0]).toHaveLength(8);
    expect(broken[1]).toEqual(broken[0]);
    client = await open();
    heard = '';
    await answer('whole');
  });
});
