import { casesOf } from './report.js';
import { moreIsBetter } from './stats.js';
import { number, percent, table } from './table.js';

/** @typedef {import('./rotation.js').Outcome} Outcome */
/** @typedef {import('./rotation.js').Figure} Figure */

/** The columns of the table against peers: what a peer is built with, by the names it has in the workloads. */
const PEERS = [
  { name: 'raw Fastify or `ws`', of: /^(?:Fastify, one INSERT each|ws, loop of send)$/ },
  { name: '`ws`, framed once', of: /^ws, framed once$/ },
  { name: 'Socket.IO', of: /^Socket\.IO$/ },
  { name: 'Feathers', of: /^Feathers/ },
  { name: 'Nest, naive', of: /^Nest/ },
];

const LIMIT = /^limit: /;

/** Where latency is what is measured, its tail says more than its middle. */
const TAIL = 'p99 ms';

/**
 * How many times better ours is than each peer, a line for each case that has one.
 * @param {Outcome} outcome
 */
export function againstPeers(outcome) {
  const rows = comparisons(outcome).flatMap(({ title, metric, ours, others }) => {
    const peers = others.filter(({ contestant }) => !LIMIT.test(contestant));
    if (peers.length === 0) return [];
    const cells = PEERS.map(({ of }) => {
      const peer = peers.find(({ contestant }) => of.test(contestant));
      return peer ? `${number(timesBetter(metric, ours, peer))} ×` : '';
    });
    return [[title, `${number(ours.median)} ${metric}`, ...cells]];
  });
  return table(['', 'ours', ...PEERS.map(({ name }) => name)], rows);
}

/**
 * Which part of the limit ours reaches, a line for each case that has one.
 * @param {Outcome} outcome
 */
export function againstLimits(outcome) {
  const rows = comparisons(outcome).flatMap(({ title, metric, ours, others }) => {
    const limit = others.find(({ contestant }) => LIMIT.test(contestant));
    if (!limit) return [];
    const reached = percent(timesBetter(metric, ours, limit));
    const name = limit.contestant.replace(LIMIT, '');
    return [[title, `${number(ours.median)} ${metric}`, number(limit.median), reached, name]];
  });
  return table(['', 'ours', 'limit', 'reached', 'what the limit does'], rows);
}

/**
 * The first of ours in each case, with all others, in the metric that the case is about.
 * @param {Outcome} outcome
 */
function comparisons(outcome) {
  return casesOf(outcome).flatMap(({ workload, name, outcome: { figures, remarks } }) => {
    const counted = new Set(
      remarks.filter(({ problems }) => problems.length === 0).map(({ contestant }) => contestant),
    );
    const sound = figures.filter(({ contestant }) => counted.has(contestant));
    const first = sound.find(({ own }) => own);
    if (!first) return [];
    const metric = first.metric.startsWith('p50') ? TAIL : first.metric;
    const alike = sound.filter((figure) => figure.metric === metric);
    const ours = alike.find(({ contestant }) => contestant === first.contestant);
    if (!ours) return [];
    return [{ title: `${workload}: ${name}`, metric, ours, others: alike.filter(({ own }) => !own) }];
  });
}

/**
 * @param {string} metric
 * @param {Figure} ours
 * @param {Figure} theirs
 */
function timesBetter(metric, ours, theirs) {
  return moreIsBetter(metric) ? ours.median / theirs.median : theirs.median / ours.median;
}
