import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RAISED_LIMITS } from './lib/atome.js';
import { casesOf, caseTable } from './lib/report.js';
import { readResults, resultPath } from './lib/results.js';
import { moreIsBetter } from './lib/stats.js';
import { number, table } from './lib/table.js';

/*
 * Puts the figures of bench/results/last.json into docs/performance.md, between its marks
 * `<!-- bench:<name> -->` and `<!-- /bench -->`. The words around them are written by hand.
 */

/** @typedef {import('./lib/results.js').Results} Results */

const DOCUMENT = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
const results = readResults(resultPath('last.json'));

/** @param {string} name of a mark */
function contentOf(name) {
  if (name === 'conditions') return conditions(results);
  if (name === 'slower') return slower(results);
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

/** Where a peer (a limit is none) is better in the first metric of a case. @param {Results} results */
function slower(results) {
  const rows = casesOf(results).flatMap(({ workload, name, outcome: { figures, remarks } }) => {
    const counts = new Set(remarks.filter(({ problems }) => problems.length === 0).map(({ contestant }) => contestant));
    const [ours] = figures.filter(({ own, contestant }) => own && counts.has(contestant));
    const peers = figures.filter((each) => !each.own && each.metric === ours?.metric && counts.has(each.contestant));
    return peers
      .filter(({ contestant }) => !contestant.startsWith('limit'))
      .map((peer) => ({ peer, ratio: peer.median / ours.median }))
      .filter(({ ratio }) => (moreIsBetter(ours.metric) ? ratio > 1 : ratio < 1))
      .map(({ peer }) => [
        `${workload}: ${name}`,
        ours.metric,
        `${ours.contestant}: ${number(ours.median)}`,
        `${peer.contestant}: ${number(peer.median)}`,
      ]);
  });
  return rows.length === 0 ? 'Nowhere in this run.' : table(['', '', 'ours', 'theirs'], rows);
}

const document = readFileSync(DOCUMENT, 'utf8');
const marked = /(<!-- bench:(\w+) -->\n)[^]*?(\n<!-- \/bench -->)/g;
writeFileSync(
  DOCUMENT,
  document.replace(marked, (_all, open, name, close) => `${open}\n${contentOf(name)}\n${close}`),
);
