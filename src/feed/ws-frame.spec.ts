import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { framePayloads, textFrames } from './ws-frame.js';

const LENGTHS = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000];
const TEXTS = [...LENGTHS.map((length) => 'x'.repeat(length)), 'é😀', 'é'.repeat(63), '😀'.repeat(16_384), '\u0000'];

describe('frames made once', () => {
  it.each(LENGTHS)('say their length: %d', (length) => {
    const frame = textFrames(['x'.repeat(length)]);
    expect(frame[0]).toBe(0x81);
    const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
    expect(frame).toHaveLength(header + length);
    expect([...framePayloads(frame)]).toEqual([Buffer.from('x'.repeat(length))]);
  });

  it('are taken apart again, however many there are', () => {
    const payloads = [...framePayloads(textFrames(TEXTS))].map((payload) => payload.toString());
    expect(payloads).toEqual(TEXTS);
    expect([...framePayloads(textFrames([]))]).toEqual([]);
  });

  it('are read by a client', async () => {
    const server = createServer((socket) => {
      socket.once('data', (request: Buffer) => {
        const key = /sec-websocket-key: (\S+)/i.exec(request.toString())![1]!;
        const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        );
        socket.write(textFrames(TEXTS));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const received: string[] = [];
    await new Promise<void>((resolve, reject) => {
      client.on('error', reject);
      client.on('message', (data, isBinary) => {
        expect(isBinary).toBe(false);
        if (received.push((data as Buffer).toString()) === TEXTS.length) resolve();
      });
    });
    expect(received).toEqual(TEXTS);
    client.terminate();
    server.close();
    await once(server, 'close');
  });
});
