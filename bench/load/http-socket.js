import { connect } from 'node:net';

/*
 * A keep-alive HTTP/1.1 connection with ready-made requests, one at a time. Node's own client costs more than the
 * server that it asks.
 */

const SHARED = Buffer.allocUnsafeSlow(256 * 1024);

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {string} body
 */

/** @typedef {{ text: string, resolve: (answer: Answer) => void, reject: (error: Error) => void }} Waiting */

export class HttpSocket {
  #text = '';
  /** @type {Waiting | undefined} */
  #waiting;
  /** @type {Waiting[]} */
  #queue = [];

  /**
   * @param {number} port
   * @param {Record<string, string>} [headers]
   */
  constructor(port, headers = {}) {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.head = `HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${lines.join('')}`;
    this.socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: SHARED, callback: (length, buffer) => this.#receive(/** @type {Buffer} */ (buffer), length) },
    });
    this.socket.on('error', (error) => this.#fail(error));
    this.socket.on('close', () => this.#fail(new Error('the server closed a connection')));
  }

  close() {
    this.socket.destroy();
  }

  /**
   * Waits for its turn on this connection.
   * @param {string} method
   * @param {string} path
   * @param {string} [body]  JSON
   * @returns {Promise<Answer>}
   */
  request(method, path, body) {
    const content =
      body === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
    const text = `${method} ${path} ${this.head}${content}\r\n${body ?? ''}`;
    return new Promise((resolve, reject) => {
      this.#queue.push({ text, resolve, reject });
      if (!this.#waiting) this.#next();
    });
  }

  #next() {
    this.#waiting = this.#queue.shift();
    if (this.#waiting) this.socket.write(this.#waiting.text);
  }

  /**
   * @param {Buffer} buffer
   * @param {number} length
   */
  #receive(buffer, length) {
    // latin1: a character for each byte, as Content-Length counts
    this.#text += buffer.toString('latin1', 0, length);
    const head = this.#text.indexOf('\r\n\r\n');
    if (head < 0) return true;
    const status = Number(this.#text.slice(9, 12));
    const size = /\r\ncontent-length: (\d+)/i.exec(this.#text.slice(0, head))?.[1];
    if (size === undefined && status !== 204 && status !== 304) {
      this.#fail(new Error('an answer without Content-Length'));
      return true;
    }
    const end = head + 4 + Number(size ?? 0);
    if (this.#text.length < end) return true;
    const body = this.#text.slice(head + 4, end);
    this.#text = this.#text.slice(end);
    const waiting = this.#waiting;
    this.#next();
    waiting?.resolve({ status, body });
    return true;
  }

  /** @param {Error} error */
  #fail(error) {
    const waiting = [this.#waiting, ...this.#queue.splice(0)];
    this.#waiting = undefined;
    waiting.forEach((each) => each?.reject(error));
  }
}
