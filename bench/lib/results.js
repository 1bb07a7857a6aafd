import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { placement } from './cores.js';

/** @typedef {import('./rotation.js').Outcome} Outcome */

/**
 * What a run leaves behind.
 * @typedef {Outcome & { conditions: Record<string, Record<string, string>> }} Results
 *   `conditions`: under which each workload was run
 */

/** @param {string} name */
export function resultPath(name) {
  return fileURLToPath(new URL(`../results/${name}`, import.meta.url));
}

/** @param {string} path @returns {Results} */
export function readResults(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** @returns {Results} */
export function noResults() {
  return { conditions: {}, figures: [], remarks: [] };
}

/**
 * What was run takes the place of what was known of the same workloads.
 * @param {Results} before
 * @param {Results} after
 * @returns {Results}
 */
export function merge(before, after) {
  const stays = (/** @type {{ workload: string }} */ { workload }) => !(workload in after.conditions);
  return {
    conditions: { ...before.conditions, ...after.conditions },
    figures: [...before.figures.filter(stays), ...after.figures],
    remarks: [...before.remarks.filter(stays), ...after.remarks],
  };
}

/**
 * @param {string} path
 * @param {Results} results
 */
export function writeResults(path, results) {
  mkdirSync(fileURLToPath(new URL('../results/', import.meta.url)), { recursive: true });
  const round = (/** @type {string} */ _name, /** @type {unknown} */ value) =>
    typeof value === 'number' ? Number(value.toPrecision(6)) : value;
  writeFileSync(path, `${JSON.stringify(results, round, 1)}\n`);
}

/** @param {import('./measure.js').Options} options */
export function conditions({ ms, repetitions }) {
  return {
    date: new Date().toISOString(),
    node: process.version,
    cpu: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    placement,
    commit: commit(),
    measured: `${ms / 1_000} s, ${repetitions} times`,
  };
}

function commit() {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return 'unknown';
  }
}
