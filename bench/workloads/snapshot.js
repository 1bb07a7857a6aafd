import { startAtome } from '../lib/atome.js';
import { watched, withLoad } from '../lib/measure.js';
import { seeded } from '../lib/seed.js';

/** @typedef {import('../lib/measure.js').Contestant} Contestant */

/** @type {import('../lib/measure.js').Workload} */
export const snapshot = {
  name: 'snapshot',
  about: 'all atomes as of one seq, over one connection',
  cases({ quick }) {
    const counts = quick ? [2_000] : [10_000, 100_000];
    return [{ name: 'whole ledger', contestants: counts.map(taking) }];
  },
};

/**
 * @param {number} atomes
 * @returns {Contestant}
 */
function taking(atomes) {
  const run = async () => {
    const url = await seeded({ alterations: atomes * 10, atomes });
    return withLoad(startAtome(url), 'load/snapshot.js', async (server, load) => {
      const before = server.usage().rssBytes;
      const { result, cost, saturated } = await watched(server, load, 0, async () => {
        const taken = await load.call('run', { port: server.port });
        return { ...taken, units: atomes };
      });
      const { lines, bytes, seconds, trailer } = result;
      const isWhole = lines === atomes + 2 && trailer.count === atomes;
      const problems = isWhole ? [] : [`${lines} lines, and the trailer says ${JSON.stringify(trailer)}`];
      const grown = cost['peak MB'] - before / 1e6;
      const metrics = {
        'atomes/s': atomes / seconds,
        'MB/s': bytes / seconds / 1e6,
        ...cost,
        'server grows by MB': grown,
      };
      return { metrics, saturated, problems };
    });
  };
  return { name: `${atomes} atomes`, own: true, run };
}
