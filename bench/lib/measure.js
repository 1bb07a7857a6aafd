import { startLoad } from './child.js';
import { busy } from './usage.js';

/**
 * What one run of one contestant has come to.
 * @typedef {object} Measurement
 * @property {Record<string, number>} metrics   by name; `…/s` is better when higher, all else when lower
 * @property {readonly string[]} problems       of correctness: with any, the figures do not count
 * @property {string} [saturated]               which side was at its limit
 * @property {readonly (readonly [percentile: number, ms: number])[]} [percentiles]
 */

/**
 * @typedef {object} Options
 * @property {boolean} quick
 * @property {number} warmMs
 * @property {number} ms       how long is measured
 * @property {number} repetitions
 */

/**
 * One who is measured. `own` is this project's; the first of a case is what the others are compared with.
 * @typedef {object} Contestant
 * @property {string} name
 * @property {boolean} own
 * @property {() => Promise<Measurement>} run
 */

/**
 * Contestants that do the same, in turn.
 * @typedef {object} Case
 * @property {string} name
 * @property {readonly Contestant[]} contestants
 */

/**
 * @typedef {object} Workload
 * @property {string} name
 * @property {string} about
 * @property {(options: Options) => readonly Case[]} cases
 * @property {readonly import('./plots.js').Plot[]} [plots]
 */

/** A side that works for so much of the time is taken for the limit. */
const SATURATED = 0.9;

/**
 * Starts a load generator beside a server, and ends both.
 * @template T
 * @param {Promise<import('./child.js').Server>} starting
 * @param {string} module
 * @param {(server: import('./child.js').Server, load: import('./child.js').Load) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLoad(starting, module, work) {
  const server = await starting;
  const load = startLoad(module);
  try {
    const result = await work(server, load);
    // what it said as it ended is more than what its clients saw
    if (server.hasEnded) throw new Error(`the server ended: ${server.output.join('')}`);
    return result;
  } finally {
    await load.stop('SIGKILL');
    await server.stop();
  }
}

/**
 * Watches a stretch of work: what the server has used for each unit of it, and who was at the limit.
 * @template {{ units: number }} T
 * @param {import('./child.js').Server} server
 * @param {import('./child.js').Load} load
 * @param {number} warmMs  not counted
 * @param {() => Promise<T>} work   warms up for as long by itself
 */
export async function watched(server, load, warmMs, work) {
  server.resetPeak();
  const working = work();
  working.catch(() => undefined);
  await sleep(warmMs);
  const before = { server: server.usage(), load: load.usage() };
  const result = await working;
  const after = { server: server.usage(), load: load.usage() };
  const shares = { server: busy(before.server, after.server), load: busy(before.load, after.load) };
  const cpuSeconds = after.server.cpuSeconds - before.server.cpuSeconds;
  return {
    result,
    cost: { 'CPU µs/unit': (cpuSeconds / result.units) * 1e6, 'peak MB': after.server.peakBytes / 1e6 },
    saturated: describe(shares),
  };
}

/** @param {{ server: number, load: number }} shares */
function describe({ server, load }) {
  const percent = (/** @type {number} */ share) => `${Math.round(share * 100)} %`;
  const who = server >= SATURATED ? (load >= SATURATED ? 'both' : 'server') : load >= SATURATED ? 'LOAD' : 'neither';
  return Number.isFinite(server) ? `${who} (${percent(server)}, ${percent(load)})` : 'unknown';
}

/** @param {number} ms */
export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * @param {readonly (readonly [number, number])[]} percentiles
 * @param {number} wanted
 */
export function at(percentiles, wanted) {
  return percentiles.find(([each]) => each === wanted)?.[1] ?? NaN;
}
