import { credentials } from '../lib/atome.js';
import { startLoad } from '../lib/child.js';
import { createDatabase, KINDS } from '../lib/database.js';
import { at, watched, withLoad } from '../lib/measure.js';
import { atome, RAW_FASTIFY, STORING } from './contestants.js';

/** @typedef {import('./contestants.js').Broadcaster} Broadcaster */
/** @typedef {import('../lib/measure.js').Options} Options */
/** @typedef {import('../lib/measure.js').Contestant} Contestant */
/** @typedef {import('../lib/database.js').Kind} Kind */

const REST = { ...atome('plain'), name: 'atome-sync' };
const OWN = [REST, { ...atome('plain', true), name: 'atome-sync, jwt' }];
const ALL = [...OWN, RAW_FASTIFY, ...STORING];

/** @type {import('../lib/measure.js').Workload} */
export const create = {
  name: 'create',
  about: 'durable creates over REST on keep-alive connections; the full ledger write beside one plain row',
  cases: (options) => [
    ...KINDS.map((kind) => ({
      name: `${kind}, 64 connections`,
      contestants: [...ALL.map((each) => creating(each, kind, { connections: 64 }, options)), batches(kind, options)],
    })),
    ...KINDS.map((kind) => ({
      name: `${kind}, one write at a time`,
      contestants: ALL.map((each) => creating(each, kind, { connections: 1 }, options)),
    })),
    ...(options.quick ? [300, 30_000] : [300, 3_000, 30_000, 300_000]).map((bytes) => ({
      name: `SQLite, 16 connections, documents of ${bytes} bytes`,
      contestants: [REST, RAW_FASTIFY].map((each) => creating(each, 'SQLite', { connections: 16, bytes }, options)),
    })),
  ],
  plots: [
    {
      kind: 'percentiles',
      file: 'create-latency',
      title: 'REST create, SQLite, 64 connections: latency (ms) by percentile',
      cases: /^SQLite, 64/,
    },
    {
      kind: 'growth',
      file: 'create-growth',
      title: 'REST create: CPU of the server for each write (µs) by document size',
      cases: /documents of (\d+) bytes/,
      metric: 'CPU µs/unit',
      axis: 'bytes',
    },
  ],
};

/**
 * @param {Broadcaster} contestant
 * @param {Kind} kind
 * @param {{ connections: number, bytes?: number }} load
 * @param {Options} options
 * @returns {Contestant}
 */
function creating({ name, own, jwt, restPath, start }, kind, { connections, bytes }, options) {
  const { ms } = options;
  // one at a time, it takes some seconds until the code of all contestants has been compiled
  const warmMs = connections === 1 ? 1.5 * ms : options.warmMs;
  const run = async () => {
    const database = await createDatabase(kind);
    try {
      return await withLoad(start(database.url), 'load/rest.js', async (server, load) => {
        const { result, cost, saturated } = await watched(server, load, warmMs, async () => {
          const request = { method: 'POST', paths: [restPath], creates: true, bytes, expect: 201, includes: '"n":' };
          const params = { port: server.port, connections, headers: credentials(jwt), ...request, warmMs, ms };
          const answer = await load.call('run', params);
          return { ...answer, units: answer.count };
        });
        const { count, total, seconds, percentiles, problems } = result;
        const stored = await database.count(own ? 'alterations' : 'notes');
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
  return { name, own, run };
}

/**
 * @param {Kind} kind
 * @param {Options} options
 * @returns {Contestant}
 */
function batches(kind, { ms }) {
  const run = async () => {
    const database = await createDatabase(kind);
    const program = startLoad('peers/batches.js', 'server');
    try {
      const { rows, seconds } = await program.call('run', { url: database.url, ms });
      const stored = await database.count('notes');
      const problems = stored === rows ? [] : [`${stored} of ${rows} are stored`];
      return { metrics: { 'writes/s': rows / seconds }, problems };
    } finally {
      await program.stop('SIGKILL');
      await database.drop();
    }
  };
  return { name: 'limit: no HTTP, 64 a transaction', own: false, run };
}
