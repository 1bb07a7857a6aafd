import { createDatabase, KINDS } from '../lib/database.js';
import { at, watched, withLoad } from '../lib/measure.js';
import { atome, oneGroup, STORING } from './contestants.js';

/** @typedef {import('../lib/measure.js').Options} Options */
/** @typedef {import('../lib/measure.js').Contestant} Contestant */

const [RATE, READERS, CONNECTIONS] = [200, 100, 8];
const ALL = [atome('range'), atome('plain'), atome('range', true), ...STORING];

/** @type {import('../lib/measure.js').Workload} */
export const delivery = {
  name: 'delivery',
  about: 'from the request of a REST create to its event at each subscriber, stored by everybody',
  cases: (options) =>
    KINDS.map((kind) => ({
      name: `${kind}, ${RATE} creates/s, ${READERS} subscribers`,
      contestants: ALL.map((each) => delivering(each, kind, options)),
    })),
  plots: [
    {
      kind: 'percentiles',
      file: 'delivery-latency',
      title: 'Write to delivery: latency (ms) by percentile',
      cases: /^SQLite/,
    },
  ],
};

/**
 * @param {import('./contestants.js').Broadcaster} contestant
 * @param {import('../lib/database.js').Kind} kind
 * @param {Options} options
 * @returns {Contestant}
 */
function delivering(contestant, kind, { warmMs, ms }) {
  const { name, own, dialect, restPath, start } = contestant;
  const run = async () => {
    const database = await createDatabase(kind);
    try {
      return await withLoad(start(database.url), 'load/fanout.js', async (server, load) => {
        const rest = { path: restPath, connections: CONNECTIONS };
        await load.call('connect', { port: server.port, dialect, groups: oneGroup(contestant, READERS), rest });
        const { result, cost } = await watched(server, load, warmMs, async () => {
          const paced = await load.call('pace', { warmMs, ms, rate: RATE });
          return { ...paced, units: paced.samples };
        });
        const { problems, sent } = await load.call('finish');
        const stored = await database.count(own ? 'alterations' : 'notes');
        const { percentiles } = result;
        const metrics = { 'p50 ms': at(percentiles, 50), 'p99 ms': at(percentiles, 99), ...cost };
        const lost = stored === sent ? [] : [`${stored} of ${sent} are stored`];
        return { metrics, percentiles, problems: [...problems, ...lost] };
      });
    } finally {
      await database.drop();
    }
  };
  return { name, own, run };
}
