import { createHistogram } from 'node:perf_hooks';
import { createBody, filler } from '../lib/event.js';
import { percentiles } from '../lib/stats.js';
import { HttpSocket } from './http-socket.js';

/* Requests as fast as they are answered, one at a time on each connection. */

let n = 0;

/**
 * @param {object} params
 * @param {number} params.port
 * @param {number} params.connections
 * @param {Record<string, string>} [params.headers]
 * @param {string} params.method
 * @param {readonly string[]} params.paths    taken in turn
 * @param {boolean} [params.creates]          with the body of a create, each with another number
 * @param {number} [params.bytes]             size of the text in it
 * @param {number} params.expect              status of a good answer
 * @param {string} [params.includes]          what a good answer has in it
 * @param {number} params.warmMs
 * @param {number} params.ms
 */
export async function run({
  port,
  connections,
  headers,
  method,
  paths,
  creates,
  bytes,
  expect,
  includes = '',
  warmMs,
  ms,
}) {
  const text = bytes === undefined ? undefined : filler(bytes);
  const histogram = createHistogram({ figures: 3 });
  const problems = new Set();
  let [phase, answered, turn, total] = ['warm', 0, 0, 0];
  const client = async () => {
    const socket = new HttpSocket(port, headers);
    while (phase !== 'over') {
      const beganMs = performance.now();
      const { status, body } = await socket.request(
        method,
        paths[turn++ % paths.length],
        creates ? createBody((n += 1), text) : undefined,
      );
      total += 1;
      if (status !== expect || !body.includes(includes)) problems.add(`${status} ${body.slice(0, 300)}`);
      if (phase !== 'measured') continue;
      answered += 1;
      histogram.record(Math.max(1, Math.round((performance.now() - beganMs) * 1e6)));
    }
    socket.close();
  };
  const clients = Array.from({ length: connections }, client);
  await sleep(warmMs);
  phase = 'measured';
  const beganMs = performance.now();
  await sleep(ms);
  const [seconds, count] = [(performance.now() - beganMs) / 1_000, answered];
  phase = 'over';
  await Promise.all(clients);
  return { count, total, seconds, percentiles: percentiles(histogram), problems: [...problems].slice(0, 3) };
}

/** @param {number} ms */
function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
