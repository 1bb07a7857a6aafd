import { median, moreIsBetter } from './stats.js';
import { number, table } from './table.js';

/** @typedef {import('./rotation.js').Figure} Figure */

/** What is worse by more than this, and beyond all that was measured then, is worse. */
const TOLERANCE = 0.15;

/** @param {Figure} figure */
const keyOf = ({ workload, case: name, contestant, metric }) => [workload, name, contestant, metric].join('\n');

/**
 * Ratio of now to then for each figure that both have. Peers tell whether the machine is another than then.
 * @param {readonly Figure[]} now
 * @param {readonly Figure[]} then
 * @returns {{ text: string, worse: number }}
 */
export function compare(now, then) {
  const before = new Map(then.map((figure) => [keyOf(figure), figure]));
  const pairs = now.flatMap((figure) => {
    const earlier = before.get(keyOf(figure));
    return earlier ? [{ figure, earlier, ratio: figure.median / earlier.median || 1 }] : [];
  });
  const own = pairs.filter(({ figure }) => figure.own);
  const worse = own.filter(({ figure, earlier }) => isWorse(figure, earlier));
  const rows = own.map(({ figure, earlier, ratio }) => [
    `${figure.workload}: ${figure.case}: ${figure.contestant}: ${figure.metric}`,
    number(earlier.median),
    number(figure.median),
    `${number(ratio)} ×`,
    isWorse(figure, earlier) ? 'WORSE' : isWorse(earlier, figure) ? 'better' : '',
  ]);
  const peers = pairs.filter(({ figure }) => !figure.own && moreIsBetter(figure.metric)).map(({ ratio }) => ratio);
  return {
    worse: worse.length,
    text: [
      table(['', 'then', 'now', 'now / then', ''], rows),
      ...(peers.length > 0 ? [`The rates of the peers are ${number(median(peers))} × those of then (median).`] : []),
      `${worse.length} of ${own.length} figures are more than ${TOLERANCE * 100} % worse.`,
    ].join('\n\n'),
  };
}

/**
 * @param {Figure} figure
 * @param {Figure} than
 */
function isWorse(figure, than) {
  if (moreIsBetter(figure.metric)) {
    return figure.median < than.median * (1 - TOLERANCE) && Math.max(...figure.values) < Math.min(...than.values);
  }
  return figure.median > than.median * (1 + TOLERANCE) && Math.min(...figure.values) > Math.max(...than.values);
}
