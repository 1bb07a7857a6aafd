import { FrameSocket } from './frame-socket.js';

/** @typedef {import('./dialects.js').Dialect} Dialect */

/**
 * Opens connections, some at a time.
 * @template T
 * @param {number} count
 * @param {(index: number) => Promise<T>} open
 * @returns {Promise<T[]>}
 */
export async function openAll(count, open, atOnce = 100) {
  const opened = /** @type {T[]} */ ([]);
  while (opened.length < count) {
    const next = Math.min(atOnce, count - opened.length);
    opened.push(...(await Promise.all(Array.from({ length: next }, (_, index) => open(opened.length + index)))));
  }
  return opened;
}

/**
 * A connection that has said all it has to before it is live; then its frames go to the listener.
 * @param {number} port
 * @param {Dialect} dialect
 * @param {object} options
 * @param {Record<string, string>} [options.headers]
 * @param {number} [options.since]   cursor to start behind
 * @param {boolean} [options.writer]
 * @param {Partial<import('./frame-socket.js').FrameListener>} [options.listener] once it is live
 * @returns {Promise<FrameSocket>}
 */
export function open(port, dialect, { headers = {}, since, writer = false, listener = {} }) {
  const greet = (writer && dialect.greetWriter) || dialect.greet;
  return new Promise((resolve, reject) => {
    const marked = writer ? { ...headers, 'x-writer': '1' } : headers;
    const socket = new FrameSocket(port, dialect.path, marked, {
      frame(buffer, start, length) {
        const answer = greet(buffer.toString('utf8', start, start + length), since);
        if (answer === true) {
          Object.assign(socket.listener, { frame: () => undefined, ...listener });
          resolve(socket);
        } else answer.forEach((text) => socket.send(text));
      },
      taken: () => undefined,
      idle: () => undefined,
      closed: (why) => reject(new Error(why)),
    });
  });
}
