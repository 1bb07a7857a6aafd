import { writeFileSync } from 'node:fs';
import { resultPath } from './results.js';
import { lineChart } from './svg.js';

/**
 * @typedef {object} Plot
 * @property {'percentiles' | 'growth'} kind
 * @property {string} file
 * @property {string} title
 * @property {RegExp} [cases]        which it shows; of growth, a group in it may be the number on the axis
 * @property {RegExp} [contestants]  the same for contestants
 * @property {string} [metric]       of growth
 * @property {string} [axis]         what the number counts
 */

const ANY = /^/;

/**
 * @param {readonly Plot[]} plots
 * @param {string} workload
 * @param {import('./rotation.js').Outcome} results
 */
export function drawPlots(plots, workload, results) {
  for (const plot of plots) {
    const series = plot.kind === 'growth' ? growth(plot, workload, results) : tails(plot, workload, results);
    if (series.length === 0) continue;
    const axis = plot.kind === 'growth' ? `${plot.axis ?? ''} (logarithmic)` : 'percentile';
    const ticks = plot.kind === 'growth' ? undefined : ['50', '75', '90', '95', '99', '99.9', 'max'];
    writeFileSync(resultPath(`${plot.file}.svg`), lineChart({ title: plot.title, axis, ticks, series }));
  }
}

/**
 * @param {Plot} plot
 * @param {string} workload
 * @param {import('./rotation.js').Outcome} results
 */
function growth({ cases = ANY, contestants = ANY, metric }, workload, { figures }) {
  /** @type {Map<string, [number, number][]>} */
  const series = new Map();
  for (const figure of figures) {
    const [inCase, inContestant] = [cases.exec(figure.case), contestants.exec(figure.contestant)];
    const amount = inCase?.[1] ?? inContestant?.[1];
    if (figure.workload !== workload || figure.metric !== metric || !inCase || !inContestant || !amount) continue;
    const name = inCase[1] === undefined ? figure.case : figure.contestant;
    series.set(name, [...(series.get(name) ?? []), [Math.log10(Number(amount)), figure.median]]);
  }
  return [...series].filter(([, points]) => points.length > 1).map(([name, points]) => ({ name, points }));
}

/**
 * @param {Plot} plot
 * @param {string} workload
 * @param {import('./rotation.js').Outcome} results
 */
function tails({ cases = ANY }, workload, { remarks }) {
  const shown = remarks.filter(
    (each) => each.workload === workload && cases.test(each.case) && each.percentiles.length > 0,
  );
  const names = new Set(shown.map((each) => each.case));
  return shown.map(({ case: name, contestant, percentiles }) => ({
    name: names.size > 1 ? `${contestant}, ${name}` : contestant,
    points: percentiles.map(([, ms], index) => /** @type {[number, number]} */ ([index, ms])),
  }));
}
