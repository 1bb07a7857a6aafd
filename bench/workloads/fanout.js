import { createDatabase } from '../lib/database.js';
import { at, watched, withLoad } from '../lib/measure.js';
import { atome, HANDING_ON, oneGroup } from './contestants.js';

/** @typedef {import('./contestants.js').Broadcaster} Broadcaster */
/** @typedef {import('../lib/measure.js').Options} Options */
/** @typedef {import('../lib/measure.js').Contestant} Contestant */

const { loop, shared, limit, socketIo, feathers, nest } = HANDING_ON;
const OWN = [atome('range'), atome('plain'), atome('range', true), atome('plain', true)];
const ALL = [...OWN, loop, shared, socketIo, feathers, nest, limit];
const FEW = [OWN[0], OWN[1], loop, shared, limit];

/** Readers of one large atome: told the whole of it, or the changes alone. */
const LARGE = ['large, deltas', 'large'].map((dialect) => ({ ...OWN[0], name: `atome-sync ${dialect}`, dialect }));

/** @type {readonly { rate: number, readers: number }[]} */
const PACES = [
  { rate: 200, readers: 100 },
  { rate: 50, readers: 1_000 },
];

/** @type {import('../lib/measure.js').Workload} */
export const fanout = {
  name: 'fanout',
  about: 'one writer, every reader gets everything; ours is durable before anybody is told, the peers store nothing',
  cases: (options) => [
    ...(options.quick ? [10, 100] : [10, 100, 1_000, 5_000]).map((readers) => ({
      name: `${readers} readers, as fast as possible`,
      contestants: (readers === 100 || readers === 1_000 ? ALL : FEW).map((each) => saturating(each, readers, options)),
    })),
    {
      name: '100 readers, one key of 300,000 bytes, as fast as possible',
      // more on their way would be more than sockets hold
      contestants: LARGE.map((each) => saturating(each, 100, options, 16)),
    },
    ...(options.quick ? PACES.slice(0, 1) : PACES).map(({ rate, readers }) => ({
      name: `${readers} readers, ${rate} events/s`,
      contestants: ALL.map((each) => paced(each, readers, rate, options)),
    })),
  ],
  plots: [
    { kind: 'percentiles', file: 'fanout-latency', title: 'Fan-out: latency (ms) by percentile', cases: /events\/s$/ },
    {
      kind: 'growth',
      file: 'fanout-growth',
      title: 'Fan-out: CPU of the server for each delivery (µs) by readers',
      cases: /^(\d+) readers, as fast/,
      metric: 'CPU µs/unit',
      axis: 'readers',
    },
  ],
};

/**
 * As many events on their way as the readers' sockets can hold, the same for all.
 * @param {number} readers
 */
export function windowFor(readers) {
  return Math.max(64, Math.min(1_024, Math.round(200_000 / readers)));
}

/**
 * @param {Broadcaster} contestant
 * @param {number} readers
 * @param {Options} options
 * @param {number} [window]  events on their way
 * @returns {Contestant}
 */
function saturating(contestant, readers, { warmMs, ms }, window = windowFor(readers)) {
  return measured(contestant, readers, async (server, load) => {
    const { result, cost, saturated } = await watched(server, load, warmMs, async () => {
      const run = await load.call('saturate', { warmMs, ms, window });
      return { ...run, units: run.events };
    });
    const { events, seconds, bytes } = result;
    return { metrics: { 'deliveries/s': events / seconds, 'bytes/event': bytes / events, ...cost }, saturated };
  });
}

/**
 * @param {Broadcaster} contestant
 * @param {number} readers
 * @param {number} rate
 * @param {Options} options
 * @returns {Contestant}
 */
function paced(contestant, readers, rate, { warmMs, ms }) {
  return measured(contestant, readers, async (server, load) => {
    const { result, cost } = await watched(server, load, warmMs, async () => {
      const run = await load.call('pace', { warmMs, ms, rate });
      return { ...run, units: run.samples };
    });
    const { percentiles } = result;
    return { metrics: { 'p50 ms': at(percentiles, 50), 'p99 ms': at(percentiles, 99), ...cost }, percentiles };
  });
}

/**
 * @param {Broadcaster} contestant
 * @param {number} readers
 * @param {(server: import('../lib/child.js').Server, load: import('../lib/child.js').Load)
 *   => Promise<Omit<import('../lib/measure.js').Measurement, 'problems'>>} work
 * @returns {Contestant}
 */
function measured(contestant, readers, work) {
  const { name, own, dialect, start } = contestant;
  const run = async () => {
    const database = await createDatabase('SQLite');
    try {
      return await withLoad(start(database.url), 'load/fanout.js', async (server, load) => {
        await load.call('connect', { port: server.port, dialect, groups: oneGroup(contestant, readers) });
        const measurement = await work(server, load);
        const { problems, sent } = await load.call('finish');
        const stored = own ? await database.count('alterations') : sent;
        return {
          ...measurement,
          problems: stored === sent ? problems : [...problems, `${stored} of ${sent} are stored`],
        };
      });
    } finally {
      await database.drop();
    }
  };
  return { name, own, run };
}
