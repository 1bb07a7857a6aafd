import { number, percent, table } from './table.js';
import { moreIsBetter } from './stats.js';

/** @typedef {import('./rotation.js').Outcome} Outcome */
/** @typedef {import('./rotation.js').Figure} Figure */

/**
 * The table of one case: a row for each contestant; the ratio says how many times better the first is in the first
 * metric.
 * @param {Outcome} outcome of one case
 */
export function caseTable({ figures, remarks }) {
  const metrics = [...new Set(figures.map(({ metric }) => metric))];
  const [first] = remarks;
  const [main] = metrics;
  const find = (/** @type {string} */ contestant, /** @type {string} */ metric) =>
    figures.find((each) => each.contestant === contestant && each.metric === metric);
  const isPlaced = remarks.some(({ saturated }) => saturated !== '');
  const isRace = remarks.length > 1;
  const compared = remarks.every(({ own }) => own) ? 'first / it' : 'ours / it';
  const rows = remarks.map(({ contestant, problems, saturated }) => [
    contestant,
    ...metrics.map((metric) => (problems.length > 0 ? 'FAILED' : cell(find(contestant, metric)))),
    ...(isRace ? [problems.length > 0 ? '–' : ratio(find(first.contestant, main), find(contestant, main))] : []),
    ...(isPlaced ? [saturated] : []),
  ]);
  const head = ['', ...metrics, ...(isRace ? [compared] : []), ...(isPlaced ? ['at its limit (server, load)'] : [])];
  const failures = remarks.flatMap(({ contestant, problems }) =>
    problems.map((problem) => `FAILED ${contestant}: ${problem}`),
  );
  return [table(head, rows), ...failures].join('\n');
}

/** @param {Figure | undefined} figure */
function cell(figure) {
  if (!figure) return '–';
  const { values, median, spread } = figure;
  return values.length > 1 ? `${number(median)} ± ${percent(spread)}` : number(median);
}

/**
 * How many times better ours is.
 * @param {Figure | undefined} ours
 * @param {Figure | undefined} theirs
 */
function ratio(ours, theirs) {
  if (!ours || !theirs) return '–';
  const value = moreIsBetter(ours.metric) ? ours.median / theirs.median : theirs.median / ours.median;
  return `${number(value)} ×`;
}

/**
 * Splits what was found into its cases, in order.
 * @param {Outcome} outcome
 * @returns {{ workload: string, name: string, outcome: Outcome }[]}
 */
export function casesOf({ figures, remarks }) {
  /** @type {Map<string, { workload: string, name: string, outcome: Outcome }>} */
  const cases = new Map();
  for (const remark of remarks) {
    const { workload, case: name } = remark;
    const key = `${workload}\n${name}`;
    const found = cases.get(key) ?? { workload, name, outcome: { figures: [], remarks: [] } };
    found.outcome.remarks.push(remark);
    cases.set(key, found);
  }
  for (const figure of figures) cases.get(`${figure.workload}\n${figure.case}`)?.outcome.figures.push(figure);
  return [...cases.values()];
}
