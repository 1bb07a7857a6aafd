import { credentials, startAtome } from '../lib/atome.js';
import { startLoad } from '../lib/child.js';
import { createDatabase, KINDS } from '../lib/database.js';
import { at, watched, withLoad } from '../lib/measure.js';

/** @typedef {import('../lib/measure.js').Options} Options */
/** @typedef {import('../lib/measure.js').Contestant} Contestant */
/** @typedef {import('../lib/measure.js').Measurement} Measurement */
/** @typedef {import('../lib/child.js').Server} Server */
/** @typedef {import('../lib/child.js').Load} Load */

/** Callers who find out what the server can do, one write at a time each. */
const CALLERS = 64;
/** Clients of the tenant that offers too much. */
const CLIENTS = 2_000;
const TIMES = 3;
/** What a tenant writes who asks for little, in creates a second. */
const MODEST = 50;

/** @type {import('../lib/measure.js').Workload} */
export const overload = {
  name: 'overload',
  about: `creates over REST at a rate that does not wait for answers, of ${CLIENTS} clients, at what the server can do and at ${TIMES} times as much`,
  cases: (options) =>
    KINDS.flatMap((kind) => [
      { name: `${kind}, one tenant`, contestants: [offered(kind, options)] },
      { name: `${kind}, ${MODEST} creates/s of a tenant beside another`, contestants: [beside(kind, options)] },
    ]),
};

/**
 * @param {import('../lib/database.js').Kind} kind
 * @param {Options} options
 * @returns {Contestant}
 */
function offered(kind, options) {
  return measured(kind, options, async (offer, capacity) => {
    const greedy = (/** @type {number} */ times) => stream('greedy', capacity * times, CLIENTS);
    const once = await offer([greedy(1)]);
    const over = await offer([greedy(TIMES)]);
    const [p99, p99Over] = [once, over].map(({ streams }) => at(streams.greedy.percentiles, 99));
    return {
      runs: [once, over],
      saturated: over.saturated,
      metrics: {
        'p50 ms at 1 ×': at(once.streams.greedy.percentiles, 50),
        'p99 ms at 1 ×': p99,
        'p50 ms at 3 ×': at(over.streams.greedy.percentiles, 50),
        'p99 ms at 3 ×': p99Over,
        'p99, 3 × to 1 ×': p99Over / p99,
        'accepted at 3 ×/s': over.streams.greedy.accepted / over.seconds,
        ...shares(over.streams.greedy),
        'peak MB at 3 ×': over.cost['peak MB'],
      },
    };
  });
}

/**
 * @param {import('../lib/database.js').Kind} kind
 * @param {Options} options
 * @returns {Contestant}
 */
function beside(kind, options) {
  return measured(kind, options, async (offer, capacity) => {
    const modest = stream('modest', MODEST, 64);
    const alone = await offer([modest]);
    const flooded = await offer([modest, stream('greedy', capacity * TIMES, CLIENTS)]);
    const [p99, p99Flooded] = [alone, flooded].map(({ streams }) => at(streams.modest.percentiles, 99));
    return {
      runs: [alone, flooded],
      saturated: flooded.saturated,
      metrics: {
        'p50 ms alone': at(alone.streams.modest.percentiles, 50),
        'p99 ms alone': p99,
        'p50 ms flooded': at(flooded.streams.modest.percentiles, 50),
        'p99 ms flooded': p99Flooded,
        'p99, flooded to alone': p99Flooded / p99,
        'its refused %': shares(flooded.streams.modest)['refused %'],
        'accepted of the flood/s': flooded.streams.greedy.accepted / flooded.seconds,
      },
    };
  });
}

/**
 * @typedef {Awaited<ReturnType<typeof import('../load/offered.js').run>> & { saturated: string, cost: Record<string, number> }} Offered
 * @typedef {(streams: readonly import('../load/offered.js').Stream[]) => Promise<Offered>} Offer
 */

/**
 * Finds out what the server can do, and offers it something then.
 * @param {import('../lib/database.js').Kind} kind
 * @param {Options} options
 * @param {(offer: Offer, capacity: number) => Promise<{ runs: readonly Offered[], saturated: string, metrics: Record<string, number> }>} work
 * @returns {Contestant}
 */
function measured(kind, { warmMs, ms }, work) {
  const run = async () => {
    const database = await createDatabase(kind);
    try {
      return await withLoad(startAtome(database.url, { jwt: true }), 'load/offered.js', async (server, load) => {
        const capacity = await capacityOf(server, { warmMs, ms });
        const offer = async (/** @type {readonly import('../load/offered.js').Stream[]} */ streams) => {
          const { result, cost, saturated } = await watched(server, load, warmMs, async () => {
            const offered = await load.call('run', { port: server.port, streams, warmMs, ms });
            return { ...offered, units: ms };
          });
          return { ...result, cost, saturated };
        };
        const { runs, metrics, saturated } = await work(offer, capacity.rate);
        const streams = runs.flatMap((each) => Object.values(each.streams));
        const stored = await database.count('alterations');
        const sent = streams.reduce((sum, each) => sum + each.stored, capacity.stored);
        const problems = streams.flatMap((each) => each.problems);
        return {
          metrics: { 'capacity/s': capacity.rate, ...metrics },
          saturated,
          problems: stored === sent ? problems : [...problems, `${stored} of ${sent} are stored`],
        };
      });
    } finally {
      await database.drop();
    }
  };
  return { name: 'atome-sync, jwt', own: true, run };
}

/**
 * @param {Server} server
 * @param {{ warmMs: number, ms: number }} options
 */
async function capacityOf(server, { warmMs, ms }) {
  const load = startLoad('load/rest.js');
  const request = { method: 'POST', paths: ['/api/atome/create'], creates: true, expect: 201 };
  // what is not compiled yet is slower than what the server can do
  const params = { port: server.port, connections: CALLERS, headers: credentials(true, 'greedy'), ...request };
  const { count, total, seconds, problems } = await load.call('run', {
    ...params,
    warmMs: Math.max(warmMs, 1_500),
    ms,
  });
  await load.stop('SIGKILL');
  if (problems.length > 0) throw new Error(problems[0]);
  return { rate: count / seconds, stored: total };
}

/**
 * @param {string} name of the tenant
 * @param {number} rate
 * @param {number} connections
 */
function stream(name, rate, connections) {
  return { name, rate, connections, headers: credentials(true, name) };
}

/** @param {{ offered: number, refused: number, leftOut: number }} counts */
function shares({ offered, refused, leftOut }) {
  return { 'refused %': (refused / offered) * 100, 'no client left %': (leftOut / offered) * 100 };
}
