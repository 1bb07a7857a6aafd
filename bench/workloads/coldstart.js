import { startAtome } from '../lib/atome.js';
import { startServer } from '../lib/child.js';
import { createDatabase } from '../lib/database.js';
import { HttpSocket } from '../load/http-socket.js';

/** @typedef {import('../lib/measure.js').Contestant} Contestant */

/** @type {import('../lib/measure.js').Workload} */
export const coldstart = {
  name: 'coldstart',
  about:
    'from the start of the process to its first answer; ours opens its database, and brings an empty one up to date',
  cases: () => [
    {
      name: 'first answer',
      contestants: [
        starting('atome-sync, its database is there', true),
        starting('atome-sync, empty database', false),
        {
          name: 'Nest + Fastify, bare',
          own: false,
          run: async () => answered(await startServer('peers/nest-bare.js'), '/hello'),
        },
      ],
    },
  ],
};

/**
 * @param {string} name
 * @param {boolean} hasDatabase
 * @returns {Contestant}
 */
function starting(name, hasDatabase) {
  const run = async () => {
    const database = await createDatabase('SQLite');
    try {
      if (hasDatabase) await (await startAtome(database.url)).stop();
      return await answered(await startAtome(database.url), '/api/server-info');
    } finally {
      await database.drop();
    }
  };
  return { name, own: true, run };
}

/**
 * @param {import('../lib/child.js').Server} server
 * @param {string} path
 */
async function answered(server, path) {
  const beganMs = performance.now();
  const socket = new HttpSocket(server.port);
  const { status, body } = await socket.request('GET', path);
  const ms = server.readyMs + performance.now() - beganMs;
  const { cpuSeconds, rssBytes } = server.usage();
  socket.close();
  await server.stop();
  return {
    metrics: { ms, 'CPU ms': cpuSeconds * 1e3, 'RSS MB': rssBytes / 1e6 },
    problems: status === 200 ? [] : [`${status} ${body}`],
  };
}
