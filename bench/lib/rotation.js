import { median, spread } from './stats.js';

/**
 * A metric of a contestant in a case, over all repetitions.
 * @typedef {object} Figure
 * @property {string} workload
 * @property {string} case
 * @property {string} contestant
 * @property {boolean} own
 * @property {string} metric
 * @property {number[]} values
 * @property {number} median
 * @property {number} spread      half the range, as a share of the median
 */

/**
 * What is known of a contestant in a case besides figures.
 * @typedef {object} Remark
 * @property {string} workload
 * @property {string} case
 * @property {string} contestant
 * @property {boolean} own
 * @property {string[]} problems  with any, its figures do not count
 * @property {string} saturated
 * @property {(readonly [percentile: number, ms: number])[]} percentiles  of the last repetition
 */

/** @typedef {{ figures: Figure[], remarks: Remark[] }} Outcome */

/**
 * Runs the contestants of a case in turn, A B C A B C …, so that what changes on the machine meets them all.
 * @param {string} workload
 * @param {import('./measure.js').Case} measuredCase
 * @param {number} repetitions
 * @param {(progress: string) => void} tell
 * @returns {Promise<Outcome>}
 */
export async function rotate(workload, { name, contestants }, repetitions, tell) {
  /** @type {Map<string, import('./measure.js').Measurement[]>} */
  const measurements = new Map(contestants.map((contestant) => [contestant.name, []]));
  for (let repetition = 1; repetition <= repetitions; repetition += 1) {
    for (const contestant of contestants) {
      tell(`${workload}: ${name}: ${contestant.name} (${repetition}/${repetitions})`);
      measurements.get(contestant.name)?.push(await attempt(contestant));
    }
  }
  return {
    figures: contestants.flatMap(({ name: contestant, own }) =>
      figuresOf(measurements.get(contestant) ?? []).map((figure) => ({
        workload,
        case: name,
        contestant,
        own,
        ...figure,
      })),
    ),
    remarks: contestants.map(({ name: contestant, own }) => {
      const all = measurements.get(contestant) ?? [];
      const last = all.at(-1);
      return {
        workload,
        case: name,
        contestant,
        own,
        problems: [...new Set(all.flatMap(({ problems }) => problems))],
        saturated: last?.saturated ?? '',
        percentiles: [...(last?.percentiles ?? [])],
      };
    }),
  };
}

/**
 * @param {import('./measure.js').Contestant} contestant
 * @returns {Promise<import('./measure.js').Measurement>}
 */
async function attempt({ run }) {
  try {
    return await run();
  } catch (error) {
    return { metrics: {}, problems: [error instanceof Error ? error.message : String(error)] };
  }
}

/** @param {readonly import('./measure.js').Measurement[]} measurements */
function figuresOf(measurements) {
  const metrics = [...new Set(measurements.flatMap((each) => Object.keys(each.metrics)))];
  return metrics.flatMap((metric) => {
    const values = measurements.map((each) => each.metrics[metric]).filter(Number.isFinite);
    return values.length === 0 ? [] : [{ metric, values, median: median(values), spread: spread(values) }];
  });
}
