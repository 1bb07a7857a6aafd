import { credentials, startAtome } from '../lib/atome.js';
import { createDatabase, KINDS } from '../lib/database.js';
import { at, watched, withLoad } from '../lib/measure.js';

/** @typedef {import('../lib/measure.js').Options} Options */
/** @typedef {import('../lib/measure.js').Contestant} Contestant */

const LOADS = [
  { sockets: 1, window: 1 },
  { sockets: 1, window: 256 },
  { sockets: 64, window: 8 },
];

/** @type {import('../lib/measure.js').Workload} */
export const mutate = {
  name: 'mutate',
  about: 'durable `mutate` over WebSockets, each with a window of unanswered writes; there is no peer with a ledger',
  cases: (options) =>
    KINDS.flatMap((kind) =>
      LOADS.map((load) => ({
        name: `${kind}, ${load.sockets} ${load.sockets === 1 ? 'socket' : 'sockets'}, window ${load.window}`,
        contestants: [false, true].map((jwt) => mutating(kind, load, jwt, options)),
      })),
    ),
};

/**
 * @param {import('../lib/database.js').Kind} kind
 * @param {{ sockets: number, window: number }} load
 * @param {boolean} jwt
 * @param {Options} options
 * @returns {Contestant}
 */
function mutating(kind, { sockets, window }, jwt, { warmMs, ms }) {
  const run = async () => {
    const database = await createDatabase(kind);
    try {
      return await withLoad(startAtome(database.url, { jwt }), 'load/mutate.js', async (server, load) => {
        const { result, cost, saturated } = await watched(server, load, warmMs, async () => {
          const params = { port: server.port, sockets, window, headers: credentials(jwt), warmMs, ms };
          const answer = await load.call('run', params);
          return { ...answer, units: answer.count };
        });
        const { count, total, seconds, percentiles, problems } = result;
        const stored = await database.count('alterations');
        const metrics = {
          'writes/s': count / seconds,
          'p50 ms': at(percentiles, 50),
          'p99 ms': at(percentiles, 99),
          ...cost,
        };
        const lost = stored === total ? [] : [`${stored} of ${total} are stored`];
        return { metrics, percentiles, saturated, problems: [...problems, ...lost] };
      });
    } finally {
      await database.drop();
    }
  };
  return { name: jwt ? 'atome-sync, jwt' : 'atome-sync', own: true, run };
}
