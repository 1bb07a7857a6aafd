import { startAtome } from '../lib/atome.js';
import { at, watched, withLoad } from '../lib/measure.js';
import { KINDS, seeded, seededCopy, seededId } from '../lib/seed.js';

/** @typedef {import('../lib/measure.js').Options} Options */
/** @typedef {import('../lib/measure.js').Contestant} Contestant */

const CONNECTIONS = 16;
/** Alterations of each atome in a seeded ledger. */
const VERSIONS = 10;

/**
 * @typedef {object} Question
 * @property {string} name
 * @property {(atomes: number) => readonly string[]} paths
 */

/** Atomes far apart, so that what is asked for is not always in a cache. @param {number} atomes */
function some(atomes) {
  const count = Math.min(atomes, 5_000);
  return Array.from({ length: count }, (_, index) => seededId((index * 7_919) % atomes));
}

/** @type {readonly Question[]} */
const QUESTIONS = [
  { name: 'get', paths: (atomes) => some(atomes).map((id) => `/api/atome/${id}`) },
  {
    name: 'list of one kind',
    paths: () => Array.from({ length: KINDS }, (_, kind) => `/api/atome/list?kind=kind-${kind}&count=false`),
  },
  {
    name: 'list of one kind, with its total',
    paths: () => Array.from({ length: KINDS }, (_, kind) => `/api/atome/list?kind=kind-${kind}`),
  },
  { name: 'list by id', paths: () => ['/api/atome/list?sortBy=id&sortOrder=asc&count=false'] },
  { name: 'history page', paths: (atomes) => some(atomes).map((id) => `/api/atome/${id}/history?limit=5`) },
  { name: 'as of a version', paths: (atomes) => some(atomes).map((id) => `/api/atome/${id}?version=5`) },
  { name: 'as of a seq', paths: (atomes) => some(atomes).map((id) => `/api/atome/${id}?at=${atomes * 5}`) },
];

/** @type {import('../lib/measure.js').Workload} */
export const read = {
  name: 'read',
  about: `reads over REST (SQLite, ${CONNECTIONS} connections), and creates, on ledgers of different length`,
  cases(options) {
    const lengths = options.quick ? [1_000, 20_000] : [1_000, 100_000, 1_000_000];
    return [
      ...QUESTIONS.map((question) => ({
        name: question.name,
        contestants: lengths.map((length) => asking(question, length, options)),
      })),
      { name: 'create', contestants: lengths.map((length) => creating(length, options)) },
    ];
  },
  plots: [
    {
      kind: 'growth',
      file: 'read-growth',
      title: 'REST: CPU of the server for each request (µs) by length of the ledger',
      contestants: /^(\S+) alterations/,
      metric: 'CPU µs/unit',
      axis: 'alterations',
    },
  ],
};

/** @param {number} length */
const nameOf = (length) => `${length} alterations`;

/** @param {number} length */
const sizeOf = (length) => ({ alterations: length, atomes: length / VERSIONS });

/**
 * @param {Question} question
 * @param {number} length
 * @param {Options} options
 * @returns {Contestant}
 */
function asking({ paths }, length, options) {
  const run = async () => {
    const url = await seeded(sizeOf(length));
    const request = { method: 'GET', paths: paths(length / VERSIONS), expect: 200, includes: '"success":true' };
    return requesting(url, request, options);
  };
  return { name: nameOf(length), own: true, run };
}

/**
 * @param {number} length
 * @param {Options} options
 * @returns {Contestant}
 */
function creating(length, options) {
  const run = async () => {
    const copy = await seededCopy(sizeOf(length));
    try {
      const request = { method: 'POST', paths: ['/api/atome/create'], creates: true, expect: 201 };
      return await requesting(copy.url, request, options);
    } finally {
      copy.drop();
    }
  };
  return { name: nameOf(length), own: true, run };
}

/**
 * @param {string} databaseUrl
 * @param {object} request
 * @param {Options} options
 */
function requesting(databaseUrl, request, { warmMs, ms }) {
  return withLoad(startAtome(databaseUrl), 'load/rest.js', async (server, load) => {
    const { result, cost, saturated } = await watched(server, load, warmMs, async () => {
      const answer = await load.call('run', { port: server.port, connections: CONNECTIONS, ...request, warmMs, ms });
      return { ...answer, units: answer.count };
    });
    const { count, seconds, percentiles, problems } = result;
    const metrics = {
      'requests/s': count / seconds,
      'p50 ms': at(percentiles, 50),
      'p99 ms': at(percentiles, 99),
      ...cost,
    };
    return { metrics, saturated, problems };
  });
}
