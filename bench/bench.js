import { existsSync } from 'node:fs';
import { closeDatabases } from './lib/database.js';
import { compare } from './lib/compare.js';
import { placement } from './lib/cores.js';
import { drawPlots } from './lib/plots.js';
import { caseTable } from './lib/report.js';
import { conditions, merge, noResults, readResults, resultPath, writeResults } from './lib/results.js';
import { rotate } from './lib/rotation.js';
import { WORKLOADS } from './workloads/index.js';

/**
 * @typedef {object} Wishes
 * @property {boolean} list
 * @property {boolean} quick
 * @property {string} case
 * @property {string} only
 * @property {string} [repetitions]
 * @property {string} [seconds]
 * @property {string} [compare]
 */

/**
 * Runs workloads, all when none is named.
 * @param {readonly string[]} names
 * @param {Wishes} wishes
 * @returns {Promise<number>} the exit code
 */
export async function bench(names, wishes) {
  const unknown = names.find((name) => !WORKLOADS.some((workload) => workload.name === name));
  if (unknown !== undefined || wishes.list) {
    if (unknown !== undefined) console.error(`there is no workload "${unknown}"; there are:`);
    for (const { name, about } of WORKLOADS) console.log(`${name.padEnd(10)} ${about}`);
    return unknown === undefined ? 0 : 2;
  }
  if (wishes.compare !== undefined && !existsSync(wishes.compare)) {
    console.error(`--compare: there is no file ${wishes.compare}; npm run bench makes bench/results/last.json`);
    return 2;
  }
  // read before anything is written: it may be the file that the run replaces
  const earlier = wishes.compare === undefined ? undefined : readResults(wishes.compare);
  const results = noResults();
  console.log(placement);
  try {
    for (const workload of WORKLOADS.filter(({ name }) => names.length === 0 || names.includes(name))) {
      await runWorkload(workload, wishes, results);
    }
  } finally {
    await closeDatabases();
  }
  keep(results, wishes);
  const failed = results.remarks.filter(({ problems }) => problems.length > 0).length;
  if (failed > 0) console.error(`\n${failed} figures do not count: the run was not correct`);
  if (!earlier) return failed > 0 ? 1 : 0;
  const { text, worse } = compare(results.figures, earlier.figures);
  console.log(`\n${text}`);
  return worse > 0 || failed > 0 ? 1 : 0;
}

/**
 * @param {import('./lib/measure.js').Workload} workload
 * @param {Wishes} wishes
 * @param {import('./lib/results.js').Results} results what is found is added to them
 */
async function runWorkload({ name, about, cases, plots = [] }, wishes, results) {
  const options = optionsOf(wishes);
  results.conditions[name] = conditions(options);
  console.log(`\n## ${name}: ${about}`);
  for (const { name: title, contestants } of cases(options)) {
    const wanted = contestants.filter((each) => each.name.includes(wishes.only));
    if (!title.includes(wishes.case) || wanted.length === 0) continue;
    const outcome = await rotate(name, { name: title, contestants: wanted }, options.repetitions, tell);
    tell('');
    console.log(`\n### ${title}\n\n${caseTable(outcome)}`);
    results.figures.push(...outcome.figures);
    results.remarks.push(...outcome.remarks);
  }
  if (!isPartial(wishes)) drawPlots(plots, name, results);
}

/**
 * @param {Wishes} wishes
 * @returns {import('./lib/measure.js').Options}
 */
function optionsOf({ quick, repetitions, seconds }) {
  const ms = Number(seconds ?? (quick ? 1 : 5)) * 1_000;
  return { quick, ms, warmMs: ms / 4, repetitions: Number(repetitions ?? (quick ? 1 : 3)) };
}

/** Whether what comes of it must not take the place of whole results. @param {Wishes} wishes */
function isPartial(wishes) {
  return wishes.case !== '' || wishes.only !== '' || optionsOf(wishes).repetitions < 3 || wishes.quick;
}

/**
 * @param {import('./lib/results.js').Results} results
 * @param {Wishes} wishes
 */
function keep(results, wishes) {
  const path = resultPath(isPartial(wishes) ? 'quick.json' : 'last.json');
  writeResults(path, isPartial(wishes) || !existsSync(path) ? results : merge(readResults(path), results));
}

/** One line that tells what is going on, where somebody looks. @param {string} text */
function tell(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
