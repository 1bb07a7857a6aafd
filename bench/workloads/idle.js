import { createDatabase } from '../lib/database.js';
import { collectGarbage, INSPECTED } from '../lib/gc.js';
import { sleep, withLoad } from '../lib/measure.js';
import { atome, HANDING_ON, oneGroup } from './contestants.js';

/** @typedef {import('../lib/measure.js').Contestant} Contestant */

/** Connections before those that count: what the first ones load is not theirs. */
const WARM = 100;
const SETTLE_MS = 1_000;

const { loop, socketIo, feathers, nest } = HANDING_ON;

/** @type {import('../lib/measure.js').Workload} */
export const idle = {
  name: 'idle',
  about: 'memory of the server for each idle connection, after collecting garbage',
  cases({ quick }) {
    const count = quick ? 500 : 5_000;
    const all = [atome('range'), atome('plain'), atome('range', true), loop, socketIo, feathers, nest];
    return [{ name: `${count} connections`, contestants: all.map((each) => idling(each, count)) }];
  },
};

/**
 * @param {import('./contestants.js').Broadcaster} contestant
 * @param {number} count
 * @returns {Contestant}
 */
function idling(contestant, count) {
  const { name, own, dialect, start } = contestant;
  const run = async () => {
    const database = await createDatabase('SQLite');
    try {
      return await withLoad(start(database.url, INSPECTED), 'load/fanout.js', async (server, load) => {
        const held = async (/** @type {number} */ readers) => {
          await load.call('connect', { port: server.port, dialect, groups: oneGroup(contestant, readers) });
          await sleep(SETTLE_MS);
          await collectGarbage(server);
          return server.usage().rssBytes;
        };
        const before = await held(WARM);
        const after = await held(count);
        const { problems } = await load.call('finish');
        return { metrics: { 'kB/connection': (after - before) / count / 1e3, 'RSS MB': after / 1e6 }, problems };
      });
    } finally {
      await database.drop();
    }
  };
  return { name, own, run };
}
