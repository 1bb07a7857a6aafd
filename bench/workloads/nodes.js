import { ask, startAtome } from '../lib/atome.js';
import { createDatabase } from '../lib/database.js';
import { at, sleep, watched, withLoad } from '../lib/measure.js';
import { startNats } from '../lib/nats.js';
import { atome, oneGroup } from './contestants.js';

/** @typedef {import('../lib/measure.js').Options} Options */

const [SERVERS, RATE, READERS, CONNECTIONS] = [3, 200, 20, 8];

/** @type {import('../lib/measure.js').Workload} */
export const nodes = {
  name: 'nodes',
  about: `from a REST create at one of ${SERVERS} servers to its event at the subscribers of that one, or of another`,
  cases: (options) => [
    {
      name: `LISTEN/NOTIFY, ${RATE} creates/s`,
      contestants: [reading('its own', 0, {}, options), reading('another', 1, {}, options)],
    },
    {
      name: `NATS, ${RATE} creates/s`,
      contestants: [
        reading('its own', 0, { isNats: true }, options),
        reading('another', 1, { isNats: true }, options),
        reading('another, while NATS stands still', 1, { isNats: true, isStill: true }, options),
      ],
    },
  ],
};

/**
 * @param {string} whose
 * @param {number} which  the server of the subscribers; the first one is written to
 * @param {{ isNats?: boolean, isStill?: boolean }} bus
 * @param {Options} options
 * @returns {import('../lib/measure.js').Contestant}
 */
function reading(whose, which, { isNats = false, isStill = false }, { warmMs, ms }) {
  const contestant = atome('range');
  const run = async () => {
    const database = await createDatabase('PostgreSQL');
    const nats = isNats ? await startNats() : undefined;
    const start = () => startAtome(database.url, { environment: nats ? { BUS: nats.url } : {} });
    const others = await Promise.all(Array.from({ length: SERVERS - 1 }, start));
    try {
      return await withLoad(start(), 'load/fanout.js', async (server, load) => {
        const all = [server, ...others];
        for (const each of all) await acquainted(each);
        const rest = { path: contestant.restPath, connections: CONNECTIONS, port: server.port };
        const groups = oneGroup(contestant, READERS);
        await load.call('connect', { port: all[which].port, dialect: contestant.dialect, groups, rest });
        if (isStill) nats?.signal('SIGSTOP');
        const { result, cost } = await watched(all[which], load, warmMs, async () => {
          const paced = await load.call('pace', { warmMs, ms, rate: RATE });
          return { ...paced, units: paced.samples };
        });
        const { problems, sent } = await load.call('finish');
        const stored = await database.count('alterations');
        const { percentiles } = result;
        const metrics = { 'p50 ms': at(percentiles, 50), 'p99 ms': at(percentiles, 99), ...cost };
        const lost = stored === sent ? [] : [`${stored} of ${sent} are stored`];
        return { metrics, percentiles, problems: [...problems, ...lost] };
      });
    } finally {
      await Promise.all(others.map((each) => each.stop()));
      await nats?.stop();
      await database.drop();
    }
  };
  return { name: `subscribers of ${whose}`, own: true, run };
}

/**
 * Resolves when a server hears all others.
 * @param {import('../lib/child.js').Server} server
 */
async function acquainted(server) {
  for (;;) {
    const { details } = await ask(server, '/health/ready');
    if (details.otherServers.count === SERVERS - 1) return;
    await sleep(20);
  }
}
