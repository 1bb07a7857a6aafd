import { createContext, Script } from 'node:vm';

/** How long a document may be checked, in milliseconds; where others had the processor meanwhile, so many times again. */
const MAX_MS = 100;
const MAX_TRIES = 5;

const CHECK = new Script('check(data)');

/** A repetition whose length the text decides. */
const REPETITION = /(?<!\\)[*+]|(?<!\\)\{\d*,/g;

/**
 * A check that is given up where it would go on for ever, such as by a pattern that tries all ways to match: who writes has
 * chosen the text.
 * @returns undefined where it was given up.
 */
export function boundedCheck<T>(check: (data: unknown) => T): (data: unknown) => T | undefined {
  const context = createContext({ check, data: undefined as unknown });
  const attempt = (triesLeft: number): T | undefined => {
    const before = process.cpuUsage();
    try {
      return CHECK.runInContext(context, { timeout: MAX_MS }) as T;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      const { user, system } = process.cpuUsage(before);
      const isDisplaced = (user + system) / 1_000 < MAX_MS / 2;
      return isDisplaced && triesLeft > 1 ? attempt(triesLeft - 1) : undefined;
    }
  };
  return (data) => {
    context.data = data;
    try {
      return attempt(MAX_TRIES);
    } finally {
      context.data = undefined;
    }
  };
}

/** Whether it is seen at once that a pattern looks at a text once: one repetition at most, of a character, from the beginning on. */
export function isLinear(pattern: string): boolean {
  const repetitions = pattern.match(REPETITION)?.length ?? 0;
  return !/[(|]/.test(pattern) && repetitions <= (pattern.startsWith('^') ? 1 : 0);
}
