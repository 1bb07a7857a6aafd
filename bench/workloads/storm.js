import { ask, startAtome } from '../lib/atome.js';
import { startLoad } from '../lib/child.js';
import { createDatabase } from '../lib/database.js';
import { ownData } from '../lib/event.js';

/** @typedef {import('../lib/measure.js').Contestant} Contestant */

/** @type {import('../lib/measure.js').Workload} */
export const storm = {
  name: 'storm',
  about: 'the server is killed and started again under its clients: until all are back and have the whole ledger',
  cases({ quick }) {
    const clients = quick ? 100 : 1_000;
    return [{ name: `${clients} clients cut at once`, contestants: [storming(clients)] }];
  },
};

/**
 * @param {number} clients
 * @returns {Contestant}
 */
function storming(clients) {
  const run = async () => {
    const database = await createDatabase('SQLite');
    const load = startLoad('load/storm.js');
    let server = await startAtome(database.url);
    try {
      const { port } = server;
      await load.call('connect', { port, clients });
      await push(server, 1, 500);
      await load.call('complete', { head: 500 });
      // acknowledged, but not yet with everybody
      await push(server, 501, 1_000);
      await server.stop('SIGKILL');
      server = await startAtome(database.url, { environment: { PORT: String(port) } });
      const beganMs = performance.now();
      const back = load.call('complete', { head: 1_500 });
      await push(server, 1_001, 1_500);
      const { problems, reconnects } = await back;
      const seconds = (performance.now() - beganMs) / 1_000;
      const stored = await database.count('alterations');
      const peak = server.usage().peakBytes / 1e6;
      const lost = stored === 1_500 ? [] : [`${stored} of 1500 are stored`];
      const stayed = reconnects >= clients ? [] : [`only ${reconnects} of ${clients} clients came back`];
      return { metrics: { seconds, 'peak MB': peak }, problems: [...problems, ...lost, ...stayed] };
    } finally {
      await load.stop('SIGKILL');
      await server.stop();
      await database.drop();
    }
  };
  return { name: 'atome-sync', own: true, run };
}

/**
 * @param {import('../lib/child.js').Server} server
 * @param {number} from
 * @param {number} to
 */
async function push(server, from, to) {
  const operations = Array.from({ length: to - from + 1 }, (_, index) => {
    const n = from + index;
    const data = JSON.parse(ownData(n));
    return { opId: `op-${n}`, operation: 'create', atomeId: `atome-${n}`, kind: 'note', data };
  });
  const headers = { 'content-type': 'application/json' };
  await ask(server, '/api/sync/push', { method: 'POST', headers, body: JSON.stringify({ operations }) });
}
