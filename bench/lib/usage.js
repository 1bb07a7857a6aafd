import { readFileSync, writeFileSync } from 'node:fs';

/* What a process has used, as the kernel counts it. Elsewhere than on Linux it is unknown: NaN. */

/** Clock ticks a second in /proc: the same on every Linux that Node runs on. */
const TICKS = 100;

/**
 * @typedef {object} Usage
 * @property {number} atMs        when it was read
 * @property {number} cpuSeconds  user and system, all threads
 * @property {number} rssBytes
 * @property {number} peakBytes   highest RSS since the start or {@link resetPeak}
 */

/**
 * @param {number} pid
 * @returns {Usage}
 */
export function usageOf(pid) {
  const atMs = performance.now();
  try {
    // the name of the program, in brackets, may hold spaces
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const cpuSeconds = (Number(stat[11]) + Number(stat[12])) / TICKS;
    return { atMs, cpuSeconds, rssBytes: kilobytes(status, 'VmRSS'), peakBytes: kilobytes(status, 'VmHWM') };
  } catch {
    return { atMs, cpuSeconds: NaN, rssBytes: NaN, peakBytes: NaN };
  }
}

/**
 * Peak memory is counted from here on.
 * @param {number} pid
 */
export function resetPeak(pid) {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // then the peak is that of the whole life of the process
  }
}

/**
 * Share of one core that was used between two readings.
 * @param {Usage} before
 * @param {Usage} after
 */
export function busy(before, after) {
  return (after.cpuSeconds - before.cpuSeconds) / ((after.atMs - before.atMs) / 1_000);
}

/**
 * @param {string} status
 * @param {string} name
 */
function kilobytes(status, name) {
  return Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1] ?? NaN) * 1_024;
}
