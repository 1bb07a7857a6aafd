import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

/*
 * A WebSocket client (RFC 6455) with no more than a load generator needs: it reads into one buffer that all sockets
 * share, finds where frames begin and end, and looks at their first bytes. `ws` would be the bottleneck of every
 * measurement: it makes objects for each frame of each reader.
 */

/** How much of a frame is looked at when it is only counted. */
const PREFIX = 96;
const SHARED = Buffer.allocUnsafeSlow(256 * 1024);
const [TEXT, CLOSE, PING] = [1, 8, 9];

/**
 * @typedef {object} FrameListener
 * @property {(buffer: Buffer, start: number, length: number) => void} frame
 *   a text frame: its payload is at `start`, at least its first bytes
 * @property {() => void} taken   the frame has come to its end
 * @property {() => void} idle    all that was there has been read
 * @property {(why: string) => void} closed
 */

export class FrameSocket {
  /** Whether frames are handed over whole, or as soon as their first bytes are there. */
  whole = true;
  bytes = 0;
  #skip = 0;
  #inFrame = false;
  /** @type {Buffer | undefined} */
  #carry;
  #open = false;

  /**
   * @param {number} port
   * @param {string} path
   * @param {Record<string, string>} headers
   * @param {FrameListener} listener
   */
  constructor(port, path, headers, listener) {
    this.listener = listener;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: SHARED,
        callback: (length, buffer) => this.#receive(Buffer.from(buffer.buffer, buffer.byteOffset, length)),
      },
    });
    this.socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n${lines.join('')}\r\n`,
    );
    this.socket.on('error', (error) => this.#end(error.message));
    this.socket.on('close', () => this.#end('the connection was closed'));
  }

  /** @param {string} text */
  send(text) {
    this.socket.write(clientFrame(text));
  }

  close() {
    this.listener.closed = () => undefined;
    this.socket.destroy();
  }

  /** @param {string} why */
  #end(why) {
    const { closed } = this.listener;
    this.listener.closed = () => undefined;
    closed(why);
  }

  /** @param {Buffer} chunk valid during this call only */
  #receive(chunk) {
    this.bytes += chunk.length;
    const buffer = this.#carry ? Buffer.concat([this.#carry, chunk]) : chunk;
    this.#carry = undefined;
    if (this.#open) this.#read(buffer, 0);
    else this.#handshake(buffer);
    this.listener.idle();
    return true;
  }

  /** @param {Buffer} buffer */
  #handshake(buffer) {
    const end = buffer.indexOf('\r\n\r\n');
    if (end < 0) {
      this.#carry = Buffer.from(buffer);
      return;
    }
    const status = buffer.toString('latin1', 0, buffer.indexOf('\r\n'));
    if (!status.includes(' 101 ')) {
      this.socket.destroy(new Error(status));
      return;
    }
    this.#open = true;
    this.#read(buffer, end + 4);
  }

  /**
   * @param {Buffer} buffer
   * @param {number} at
   */
  #read(buffer, at) {
    for (;;) {
      if (this.#inFrame) {
        const taken = Math.min(this.#skip, buffer.length - at);
        this.#skip -= taken;
        at += taken;
        if (this.#skip > 0) return;
        this.#inFrame = false;
        this.listener.taken();
      }
      const left = buffer.length - at;
      if (left === 0) return;
      const short = left < 2 ? 0 : buffer[at + 1] & 127;
      const header = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (left < header) return this.#keep(buffer, at);
      const length = short < 126 ? short : short === 126 ? buffer.readUInt16BE(at + 2) : buffer.readUInt32BE(at + 6);
      if (left < header + (this.whole ? length : Math.min(length, PREFIX))) return this.#keep(buffer, at);
      const opcode = buffer[at] & 15;
      at += header;
      if (opcode === TEXT) {
        this.listener.frame(buffer, at, length);
        this.#inFrame = true;
        this.#skip = length;
      } else {
        if (opcode === PING) this.socket.write(PONG);
        if (opcode === CLOSE) this.#end(`the server closed the connection: ${buffer.readUInt16BE(at)}`);
        at += length;
      }
    }
  }

  /**
   * @param {Buffer} buffer
   * @param {number} at
   */
  #keep(buffer, at) {
    this.#carry = Buffer.from(buffer.subarray(at));
  }
}

/** An empty pong; the mask of a client is zero, which leaves every payload as it is. */
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

/**
 * A text as a frame of a client.
 * @param {string} text
 */
export function clientFrame(text) {
  const length = Buffer.byteLength(text);
  const header = length < 126 ? 6 : length < 65_536 ? 8 : 14;
  const frame = Buffer.alloc(header + length);
  frame[0] = 0x81;
  if (length < 126) frame[1] = 0x80 | length;
  else if (length < 65_536) {
    frame[1] = 0xfe;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 0xff;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, header);
  return frame;
}
