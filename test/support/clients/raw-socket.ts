import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A WebSocket spoken byte by byte: for what no client library would send. */
export class RawSocket {
  private received = Buffer.alloc(0);

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => (this.received = Buffer.concat([this.received, chunk])));
    socket.on('error', () => undefined);
  }

  /** A TCP connection on which nothing has been said. */
  static async open(url: string): Promise<RawSocket> {
    const { hostname, port } = new URL(url);
    const raw = new RawSocket(connect(Number(port), hostname));
    await once(raw.socket, 'connect');
    return raw;
  }

  /** A connection that has been upgraded to a WebSocket. */
  static async upgrade(url: string): Promise<RawSocket> {
    const raw = await RawSocket.open(url);
    raw.send(upgradeRequest(new URL(url).pathname));
    while (!raw.text.includes('\r\n\r\n')) await once(raw.socket, 'data');
    raw.received = raw.received.subarray(raw.received.indexOf('\r\n\r\n') + 4);
    return raw;
  }

  get text(): string {
    return this.received.toString('latin1');
  }

  send(bytes: Buffer | string): void {
    this.socket.write(bytes);
  }

  /** All that came until the server closed the connection. */
  async ended(): Promise<Buffer> {
    if (!this.socket.closed) await once(this.socket, 'close');
    return this.received;
  }

  /** The code of the close frame with which the server ended the connection; undefined without one. */
  async closeCode(): Promise<number | undefined> {
    const bytes = await this.ended();
    for (let at = 0; at + 4 <= bytes.length;) {
      const length = bytes[at + 1]! & 0x7f;
      const head = length === 126 ? 4 : 2;
      if ((bytes[at]! & 0x0f) === 8) return bytes.readUInt16BE(at + head);
      at += head + (length === 126 ? bytes.readUInt16BE(at + 2) : length);
    }
    return undefined;
  }
}

export function upgradeRequest(path: string, headers: Record<string, string> = {}): string {
  const all = {
    Host: '127.0.0.1',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** One frame with a payload under 126 bytes. The first byte holds FIN, reserved bits and opcode. */
export function frame(first: number, payload: Buffer | string, masked = true): Buffer {
  const bytes = Buffer.from(payload);
  if (!masked) return Buffer.concat([Buffer.from([first, bytes.length]), bytes]);
  const mask = randomBytes(4);
  const body = bytes.map((byte, i) => byte ^ mask[i % 4]!);
  return Buffer.concat([Buffer.from([first, 0x80 | bytes.length]), mask, body]);
}
