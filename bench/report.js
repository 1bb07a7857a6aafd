import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RAISED_LIMITS } from './lib/atome.js';
import { casesOf, caseTable } from './lib/report.js';
import { readResults, resultPath } from './lib/results.js';
import { againstLimits, againstPeers } from './lib/summary.js';

/*
 * Puts the figures of bench/results/last.json into docs/performance.md and bench/results/README.md, between their marks
 * `<!-- bench:<name> -->` and `<!-- /bench -->`. The words around them are written by hand.
 */

/** @typedef {import('./lib/results.js').Results} Results */

const DOCUMENTS = ['../docs/performance.md', './results/README.md'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
const results = readResults(resultPath('last.json'));

/** @param {string} name of a mark */
function contentOf(name) {
  if (name === 'conditions') return conditions(results);
  if (name === 'peers') return againstPeers(results);
  if (name === 'limits') return againstLimits(results);
  const cases = casesOf(results).filter(({ workload }) => workload === name);
  if (cases.length === 0) return '_Not measured yet._';
  return cases.map((each) => `**${each.name}**\n\n${caseTable(each.outcome)}`).join('\n\n');
}

/** Under which the workloads were measured, said once where it was the same for all. @param {Results} results */
function conditions({ conditions: all }) {
  const texts = Object.entries(all).map(([workload, { date, commit, ...rest }]) => {
    const said = Object.entries(rest).map(([name, value]) => `${name} ${value}`);
    return { workload, text: `${date.slice(0, 10)}, ${commit}; ${said.join('; ')}` };
  });
  const lines = [...new Set(texts.map(({ text }) => text))].map((text) => {
    const workloads = texts.filter((each) => each.text === text).map(({ workload }) => workload);
    return `- ${workloads.join(', ')}: ${text}`;
  });
  return [...lines, `- raised for our server, because few sockets stand for many clients: ${RAISED_LIMITS}`].join('\n');
}

const marked = /(<!-- bench:(\w+) -->\n)[^]*?(\n<!-- \/bench -->)/g;
for (const path of DOCUMENTS) {
  const document = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    document.replace(marked, (_all, open, name, close) => `${open}\n${contentOf(name)}\n${close}`),
  );
}
