import { ask, startAtome } from '../lib/atome.js';
import { startLoad } from '../lib/child.js';
import { at, watched, withLoad } from '../lib/measure.js';
import { seeded, seededCopy } from '../lib/seed.js';

/** @typedef {import('../lib/measure.js').Options} Options */
/** @typedef {import('../lib/measure.js').Contestant} Contestant */

/** @type {import('../lib/measure.js').Workload} */
export const catchup = {
  name: 'catchup',
  about: 'range readers that come back: many a little behind, and one a whole ledger behind',
  cases(options) {
    const [clients, behind] = options.quick ? [20, 1_000] : [200, 10_000];
    const far = options.quick ? 20_000 : 1_000_000;
    return [
      { name: `${clients} clients, ${behind} behind`, contestants: [0, 50].map((step) => many(clients, behind, step)) },
      { name: `one client, ${far} behind`, contestants: [one(far, options)] },
    ];
  },
};

/**
 * @param {number} clients
 * @param {number} behind
 * @param {number} step  how far each is behind the one before
 * @returns {Contestant}
 */
function many(clients, behind, step) {
  const run = async () => {
    const size = behind + 50 * clients;
    const url = await seeded({ alterations: size, atomes: size });
    return withLoad(startAtome(url), 'load/catchup.js', async (server, load) => {
      const cursors = Array.from({ length: clients }, (_, index) => size - behind - step * index);
      const { result, cost, saturated } = await watched(server, load, 0, async () => {
        const caught = await load.call('run', { port: server.port, headers: {}, cursors, head: size });
        return { ...caught, units: caught.events };
      });
      const { events, bytes, seconds, problems } = result;
      return { metrics: { 'events/s': events / seconds, 'bytes/event': bytes / events, ...cost }, saturated, problems };
    });
  };
  return { name: step === 0 ? 'all at the same place' : 'each elsewhere', own: true, run };
}

const [RATE, READERS] = [200, 100];

/**
 * One is far behind, while a hundred others are live.
 * @param {number} behind
 * @param {Options} options
 * @returns {Contestant}
 */
function one(behind, { warmMs, ms }) {
  const run = async () => {
    const copy = await seededCopy({ alterations: behind, atomes: behind / 10 });
    try {
      return await withLoad(startAtome(copy.url), 'load/fanout.js', async (server, load) => {
        // it must not take the core from those whose latency is measured
        const far = startLoad('load/catchup.js', 'load', 19);
        try {
          const groups = [{ readers: READERS, headers: {} }];
          await load.call('connect', { port: server.port, dialect: 'range', groups });
          const alone = await load.call('pace', { warmMs, ms, rate: RATE });
          const { seq: head } = await ask(server, '/api/server-info');
          const before = server.usage().rssBytes;
          server.resetPeak();
          const [together, caught] = await Promise.all([
            load.call('pace', { warmMs: 0, ms, rate: RATE }),
            far.call('run', { port: server.port, headers: {}, cursors: [0], head }),
          ]);
          const growth = server.usage().peakBytes - before;
          const { problems } = await load.call('finish');
          const [p99, p99Alone] = [at(together.percentiles, 99), at(alone.percentiles, 99)];
          return {
            metrics: {
              'events/s': caught.events / caught.seconds,
              'server grows by MB': growth / 1e6,
              "others' p99 ms": p99,
              "others' p99, times alone": p99 / p99Alone,
            },
            problems: [...problems, ...caught.problems],
          };
        } finally {
          await far.stop('SIGKILL');
        }
      });
    } finally {
      copy.drop();
    }
  };
  return { name: 'atome-sync', own: true, run };
}
