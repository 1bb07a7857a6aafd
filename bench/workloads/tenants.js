import { credentials, startAtome } from '../lib/atome.js';
import { createDatabase, KINDS } from '../lib/database.js';
import { at, watched, withLoad } from '../lib/measure.js';

/** @typedef {import('../lib/measure.js').Options} Options */
/** @typedef {import('../lib/measure.js').Contestant} Contestant */

const READERS = 10;
/** Events on their way, over all tenants. */
const WINDOW = 1_000;
const RATE = 500;

/** @type {import('../lib/measure.js').Workload} */
export const tenants = {
  name: 'tenants',
  about: `many ledgers side by side, each with a writer and ${READERS} range readers; access control on`,
  cases(options) {
    const counts = options.quick ? [1, 20] : [1, 10, 100, 1_000];
    return [
      ...KINDS.map((kind) => ({
        name: `${kind}, as fast as possible`,
        contestants: counts.map((count) => saturating(kind, count, options)),
      })),
      {
        name: `SQLite, ${RATE} events/s over all`,
        contestants: counts.map((count) => paced(count, options)),
      },
    ];
  },
  plots: [
    {
      kind: 'growth',
      file: 'tenants-growth',
      title: 'CPU of the server for each delivery (µs) by tenants, 500 events/s over all',
      contestants: /^(\S+) tenants?/,
      cases: /events\/s/,
      metric: 'CPU µs/unit',
      axis: 'tenants',
    },
  ],
};

/** @typedef {import('../lib/child.js').Server} Server */
/** @typedef {import('../lib/child.js').Load} Load */

/**
 * @param {import('../lib/database.js').Kind} kind
 * @param {number} count
 * @param {Options} options
 */
function saturating(kind, count, { warmMs, ms }) {
  return among(kind, count, async (server, load) => {
    const { result, cost, saturated } = await watched(server, load, warmMs, async () => {
      const run = await load.call('saturate', { warmMs, ms, window: WINDOW });
      return { ...run, units: run.events };
    });
    const { events, writes, seconds } = result;
    return { metrics: { 'deliveries/s': events / seconds, 'writes/s': writes / seconds, ...cost }, saturated };
  });
}

/**
 * @param {number} count
 * @param {Options} options
 */
function paced(count, { warmMs, ms }) {
  return among('SQLite', count, async (server, load) => {
    const { result, cost } = await watched(server, load, warmMs, async () => {
      const run = await load.call('pace', { warmMs, ms, rate: RATE });
      return { ...run, units: run.samples };
    });
    const { percentiles } = result;
    return { metrics: { 'p50 ms': at(percentiles, 50), 'p99 ms': at(percentiles, 99), ...cost }, percentiles };
  });
}

/**
 * @param {import('../lib/database.js').Kind} kind
 * @param {number} count
 * @param {(server: Server, load: Load) => Promise<Omit<import('../lib/measure.js').Measurement, 'problems'>>} work
 * @returns {Contestant}
 */
function among(kind, count, work) {
  const run = async () => {
    const database = await createDatabase(kind);
    try {
      return await withLoad(startAtome(database.url, { jwt: true }), 'load/fanout.js', async (server, load) => {
        const groups = Array.from({ length: count }, (_, index) => ({
          readers: READERS,
          headers: credentials(true, `tenant-${index}`),
        }));
        await load.call('connect', { port: server.port, dialect: 'range', groups });
        const measurement = await work(server, load);
        const { problems, sent } = await load.call('finish');
        const stored = await database.count('alterations');
        return {
          ...measurement,
          problems: stored === sent ? problems : [...problems, `${stored} of ${sent} are stored`],
        };
      });
    } finally {
      await database.drop();
    }
  };
  return { name: `${count} ${count === 1 ? 'tenant' : 'tenants'}`, own: true, run };
}
