import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/* Server and load generator on different cores, so that neither takes time from the other. */

/** @typedef {'server' | 'load'} Side */

/** The cores that this process may use; `[]` where pinning is not possible. */
const cores = spawnSync('taskset', ['--version']).status === 0 ? allowedCores() : [];

/** Whether the two sides run on cores of their own. */
export const isPinned = cores.length > 1;

/** What the tables say of it. */
export const placement = isPinned
  ? `server on core ${cores[0]}, load generator on core ${coresOf('load')}`
  : `not pinned (${availableParallelism()} cores)`;

/**
 * A command as it is to be spawned, on the cores of its side.
 * @param {Side} side
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {[command: string, args: string[]]}
 */
export function pinned(side, command, args) {
  return isPinned ? ['taskset', ['-c', coresOf(side), command, ...args]] : [command, [...args]];
}

/** @param {Side} side */
function coresOf(side) {
  return side === 'server' ? String(cores[0]) : cores.slice(1).join(',');
}

/** @returns {number[]} */
function allowedCores() {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}
