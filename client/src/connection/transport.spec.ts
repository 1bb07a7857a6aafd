import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { dialWebSocket, type TransportEvents } from './transport.js';

let server: WebSocketServer;
let url: string;

beforeEach(async () => {
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  for (const socket of server.clients) socket.terminate();
  server.close();
  await once(server, 'close');
});

/** What a transport reports, one thing after the other. */
function listen(): { events: TransportEvents; next: () => Promise<string> } {
  const heard: string[] = [];
  let wake = (): void => undefined;
  const note = (what: string): void => {
    heard.push(what);
    wake();
  };
  return {
    events: { message: (text) => note(text), closed: (code, reason) => note(`closed ${code} ${reason}`.trim()) },
    next: async () => {
      while (heard.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return heard.shift()!;
    },
  };
}

async function accept(): Promise<WebSocket> {
  const [socket] = (await once(server, 'connection')) as [WebSocket];
  return socket;
}

describe('dialWebSocket', () => {
  it('carries texts both ways and reports the close of the peer', async () => {
    const { events, next } = listen();
    const transport = dialWebSocket()(url, events);
    const peer = await accept();

    peer.send('hello');
    expect(await next()).toBe('hello');
    transport.send('hello too');
    expect(String((await once(peer, 'message'))[0])).toBe('hello too');
    peer.close(4403, 'no');
    expect(await next()).toBe('closed 4403 no');
  });

  it('reports 1006 when nobody listens there', async () => {
    const { events, next } = listen();
    dialWebSocket()('ws://127.0.0.1:1', events);
    expect(await next()).toMatch(/^closed 1006/);
  });

  it('reports 1006 when the class refuses to start', async () => {
    const { events, next } = listen();
    const refusing = function (): never {
      throw new Error('blocked by policy');
    };
    dialWebSocket(refusing as never)(url, events);
    expect(await next()).toBe('closed 1006 blocked by policy');
  });

  it('is silent after close, which may come at any time and twice', async () => {
    const heard: string[] = [];
    const silent: TransportEvents = { message: (text) => heard.push(text), closed: () => heard.push('closed') };
    const early = dialWebSocket()(url, silent);
    early.close(1000, 'never mind');
    early.close(1000, 'never mind');

    const { events, next } = listen();
    const late = dialWebSocket()(url, { ...silent, message: (text) => events.message(text) });
    const peer = await accept();
    peer.send('one');
    await next();
    late.close(1000, 'enough');
    expect(await once(peer, 'close')).toEqual([1000, Buffer.from('enough')]);
    expect(heard).toEqual([]);
  });
});
