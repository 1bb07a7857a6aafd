import { createHistogram } from 'node:perf_hooks';
import { createBody } from '../lib/event.js';
import { percentiles } from '../lib/stats.js';
import { HttpSocket } from './http-socket.js';

/*
 * Creates that come at a rate of their own, whether those before them have been answered or not, from so many clients as
 * there are connections: each takes one that waits for nothing. What finds none is left out, and counted.
 */

let n = 0;

/**
 * Callers who write at one rate.
 * @typedef {object} Stream
 * @property {string} name
 * @property {Record<string, string>} headers
 * @property {number} rate  creates a second
 * @property {number} connections
 */

/** Offers what it is told to at each tick, and notes what becomes of it. */
class Offering {
  #idle = /** @type {HttpSocket[]} */ ([]);
  #due = 0;
  #waiting = new Set(/** @type {Promise<void>[]} */ ([]));
  #accepted = createHistogram({ figures: 3 });
  #refused = createHistogram({ figures: 3 });
  #problems = new Set(/** @type {string[]} */ ([]));
  #counts = { offered: 0, accepted: 0, refused: 0, leftOut: 0, stored: 0 };
  isMeasured = false;

  /**
   * @param {Stream} stream
   * @param {number} port
   */
  constructor(stream, port) {
    this.stream = stream;
    this.port = port;
  }

  /** In small parts: a server lets in so many at once as its system keeps for it. */
  async connect() {
    const { connections, headers } = this.stream;
    while (this.#idle.length < connections) {
      const sockets = Array.from(
        { length: Math.min(64, connections - this.#idle.length) },
        () => new HttpSocket(this.port, headers),
      );
      await Promise.all(sockets.map((socket) => socket.request('GET', '/health/live')));
      this.#idle.push(...sockets);
    }
  }

  /** @param {number} ms since the last tick */
  tick(ms) {
    for (this.#due += (this.stream.rate * ms) / 1_000; this.#due >= 1; this.#due -= 1) {
      if (this.isMeasured) this.#counts.offered += 1;
      const socket = this.#idle.shift();
      if (socket === undefined) {
        if (this.isMeasured) this.#counts.leftOut += 1;
        continue;
      }
      const writing = this.#write(socket).finally(() => this.#waiting.delete(writing));
      this.#waiting.add(writing);
    }
  }

  /** @param {HttpSocket} socket */
  async #write(socket) {
    const { isMeasured } = this;
    const beganMs = performance.now();
    try {
      const { status, body } = await socket.request('POST', '/api/atome/create', createBody((n += 1)));
      const ns = Math.max(1, Math.round((performance.now() - beganMs) * 1e6));
      if (status === 201) this.#counts.stored += 1;
      else if (status !== 503) this.#problems.add(`${status} ${body.slice(0, 300)}`);
      if (isMeasured) {
        this.#counts[status === 201 ? 'accepted' : 'refused'] += 1;
        (status === 201 ? this.#accepted : this.#refused).record(ns);
      }
      this.#idle.push(socket);
    } catch (error) {
      this.#problems.add(String(error));
    }
  }

  async end() {
    await Promise.all(this.#waiting);
    this.#idle.forEach((socket) => socket.close());
    return {
      ...this.#counts,
      percentiles: percentiles(this.#accepted),
      refusedPercentiles: percentiles(this.#refused),
      problems: [...this.#problems].slice(0, 3),
    };
  }
}

/**
 * @param {object} params
 * @param {number} params.port
 * @param {readonly Stream[]} params.streams
 * @param {number} params.warmMs
 * @param {number} params.ms
 */
export async function run({ port, streams, warmMs, ms }) {
  const offerings = streams.map((stream) => new Offering(stream, port));
  for (const each of offerings) await each.connect();
  const lateness = createHistogram({ figures: 3 });
  let lastMs = performance.now();
  const tick = setInterval(() => {
    const nowMs = performance.now();
    lateness.record(Math.max(1, Math.round((nowMs - lastMs) * 1e6)));
    for (const each of offerings) each.tick(nowMs - lastMs);
    lastMs = nowMs;
  }, 1);
  await sleep(warmMs);
  for (const each of offerings) each.isMeasured = true;
  lateness.reset();
  const beganMs = performance.now();
  await sleep(ms);
  const seconds = (performance.now() - beganMs) / 1_000;
  clearInterval(tick);
  const late = lateness.percentile(99) / 1e6;
  const results = await Promise.all(offerings.map((each) => each.end()));
  return { seconds, lateMs: late, streams: Object.fromEntries(streams.map(({ name }, at) => [name, results[at]])) };
}

/** @param {number} ms */
function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
