import { createHash } from 'node:crypto';
import { createContext, Script, type Context } from 'node:vm';
import { GivenUp } from '../ledger/write/undecidable.js';
import type { JsonValue } from '../protocol/index.js';
import { WATCH_MS, WatchBudget } from './watch-budget.js';
import { worstSteps } from './worst-steps.js';

/** What takes no more steps at the worst is checked at once, in a few milliseconds: a watch costs more than most checks. */
const FREE_STEPS = 200_000;

/** A check had the processor where it had so much of the time; others had it otherwise. */
const OWN_PART = 0.8;

/** So often a document is measured that is refused for good. The time of a process is its other threads' too, which may chance to be busy. */
const MEASURES = { thread: 1, process: 2 } as const;

/** Of so many documents it is known that their check was given up. */
const MAX_KNOWN = 1_000;

const WATCHED = new Script('check()');
class NeedsWatch extends Error {}

/** The check under way. */
const current = { steps: 0, isWatched: false, check: (): unknown => undefined };
let context: Context | undefined;
const budget = new WatchBudget();

/** What ajv asks a pattern for, and tells it by. */
interface CountedPattern {
  test(text: string): boolean;
  toString(): string;
}

/** A pattern whose steps count in the check under way; as it is where they are few. */
export function countedPattern(pattern: string, flags: string): CountedPattern {
  const regExp = new RegExp(pattern, flags);
  const steps = worstSteps(pattern);
  if (!steps) return regExp;
  return {
    test: (text) => {
      spend(steps(text.length));
      return regExp.test(text);
    },
    toString: () => regExp.toString(),
  };
}

/**
 * A check that is given up where it would go on for ever, such as by a pattern that tries all ways to match: who writes has
 * chosen the text. One that was given up may be tried again, since others may have had the processor. It is measured then, and the
 * document is refused from then on for which the check itself took as long.
 * @param references how often the schema refers to a part of it: so often a value may be looked at, for each that it is within.
 * @returns undefined for such a document.
 * @throws GivenUp where it took too long this time.
 */
export function boundedCheck<T>(check: (data: JsonValue) => T, references: number): (data: JsonValue) => T | undefined {
  /** How often one is still to be measured before it is known to be the check itself, by the digest of the document. */
  const known = new Map<string, number>();
  const ways = 2 ** references - 1;
  return (data) => {
    current.steps = 0;
    try {
      if (ways > 1) look(data, ways, 1);
      return check(data);
    } catch (error) {
      if (!(error instanceof NeedsWatch)) throw error;
    }
    const name = known.size > 0 ? digest(data) : '';
    const left = known.get(name);
    if (left === 0) return undefined;
    const timeout = budget.allowance(performance.now());
    const before = left === undefined ? undefined : ownMs();
    try {
      return watched(() => check(data), timeout);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    }
    budget.spend(timeout);
    const tookMs = before === undefined ? timeout : Math.min(ownMs() - before, timeout);
    if (known.size >= MAX_KNOWN) known.delete(known.keys().next().value!);
    const isItself = before !== undefined && tookMs >= OWN_PART * WATCH_MS.most;
    known.set(name || digest(data), (left ?? MEASURES[threadCpuUsage() ? 'thread' : 'process']) - Number(isItself));
    throw new GivenUp(timeout, tookMs);
  };
}

function watched<T>(check: () => T, timeout: number): T {
  context ??= createContext({ check: () => current.check() });
  Object.assign(current, { isWatched: true, check });
  try {
    return WATCHED.runInContext(context, { timeout }) as T;
  } finally {
    Object.assign(current, { isWatched: false, check: () => undefined });
  }
}

/** Whatever it takes: what the application has written itself, such as a schema, is looked at without a bound. */
export function unbounded<T>(look: () => T): T {
  const { isWatched } = current;
  current.isWatched = true;
  try {
    return look();
  } finally {
    current.isWatched = isWatched;
  }
}

function look(value: JsonValue, ways: number, times: number): void {
  spend(times);
  if (typeof value !== 'object' || value === null) return;
  for (const each of Object.values(value)) look(each, ways, times * ways);
}

/** @throws NeedsWatch where the check under way may take too many, and nobody watches it. */
function spend(steps: number): void {
  current.steps += steps;
  if (current.steps > FREE_STEPS && !current.isWatched) throw new NeedsWatch();
}

function digest(data: JsonValue): string {
  return createHash('sha256').update(JSON.stringify(data)).digest('base64');
}

/** How long this thread has had the processor, in milliseconds; how long the process has, where that is not told. */
function ownMs(): number {
  const { user, system } = threadCpuUsage()?.call(process) ?? process.cpuUsage();
  return (user + system) / 1_000;
}

function threadCpuUsage(): typeof process.cpuUsage | undefined {
  return (process as { threadCpuUsage?: typeof process.cpuUsage }).threadCpuUsage;
}
