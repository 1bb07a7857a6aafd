import {
  DEFAULT_LIMITS,
  checkJson,
  isLongKey,
  isObject,
  KIND_PATTERN,
  parseFieldPath,
  type DocumentField,
} from '../protocol/index.js';
import type { KindOptions, Kinds } from './kind-options.js';
import { isStandardSchema } from './standard-schema.js';
import { validatorOf } from './validator.js';

/** What is wrong with the options of kinds, by the names of what is wrong in them. */
export type KindProblem = readonly [name: string, expected: string];

const isKeys = (value: unknown): boolean =>
  Array.isArray(value) && value.every((key) => typeof key === 'string' && key !== '');
const keysProblem = (value: unknown): string | undefined =>
  isKeys(value) ? undefined : 'expected an array of keys of data';

/** What is wrong with each option of a kind. */
const CHECKS: Readonly<Record<keyof KindOptions, (value: unknown) => string | undefined>> = {
  schema: schemaProblem,
  defaults: (value) => {
    const problem = isObject(value) ? checkJson(value, DEFAULT_LIMITS) : { path: '', message: 'expected an object' };
    if (problem) return `${problem.path} ${problem.message}`.trim();
    return Object.keys(value as object).some(isLongKey) ? 'expected shorter keys' : undefined;
  },
  readonly: keysProblem,
  immutable: keysProblem,
  indexed: indexedProblem,
  upgrades: (value) =>
    Array.isArray(value) && value.every((step) => typeof step === 'function')
      ? undefined
      : 'expected an array of functions',
  beforeWrite: (value) => (typeof value === 'function' ? undefined : 'expected a function'),
};

/** Compiles each schema, too. */
export function kindProblems(kinds: unknown): KindProblem[] {
  if (!isObject(kinds)) return [['', 'expected an object of options by kind, such as {"note":{"schema":{…}}}']];
  return Object.entries(kinds).flatMap(([kind, options]) => problemsOf(kind, options));
}

function problemsOf(kind: string, options: unknown): KindProblem[] {
  if (!KIND_PATTERN.test(kind)) return [[kind, 'cannot be a kind: 1–64 characters of A–Z a–z 0–9 _ . : -']];
  if (!isObject(options)) return [[kind, 'expected an object']];
  return Object.entries(options).flatMap(([name, value]): KindProblem[] => {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name as keyof KindOptions] : unknownOption;
    const problem = value === undefined ? undefined : check(value);
    return problem === undefined ? [] : [[`${kind}.${name}`, problem]];
  });
}

function unknownOption(): string {
  return `there is no such option; there are ${Object.keys(CHECKS).join(', ')}`;
}

/** The kinds of a file. @throws Error with a sentence that names what is wrong. */
export function parseKinds(text: string): Kinds {
  let kinds: unknown;
  try {
    kinds = JSON.parse(text);
  } catch (error) {
    throw new Error(`it is not JSON: ${(error as Error).message}`, { cause: error });
  }
  const problems = kindProblems(kinds);
  if (problems.length === 0) return kinds as Kinds;
  throw new Error(problems.map(([name, expected]) => (name === '' ? expected : `${name}: ${expected}`)).join('; '));
}

/** Most fields of a kind that have an index: each is written with each write. */
const MAX_INDEXED = 16;

function indexedProblem(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length > MAX_INDEXED || new Set(value).size < value.length)
    return `expected an array of at most ${MAX_INDEXED} different fields such as "data.status"`;
  const wrong = (value as unknown[]).find((path) => fieldIn(path) === undefined);
  if (wrong !== undefined) return `expected fields such as "data.status", not ${JSON.stringify(wrong)}`;
  // PostgreSQL takes one for a place in an array, where a list that walks finds nothing
  const placed = (value as string[]).find((path) =>
    path
      .split('.')
      .slice(2)
      .some((key) => /^\s*[+-]?\d+$/.test(key)),
  );
  return placed && `expected no key that is a whole number behind the first, not "${placed}"`;
}

/** The field of data that a path names. */
export function fieldIn(path: unknown): DocumentField | undefined {
  try {
    const field = typeof path === 'string' && path.startsWith('data.') ? parseFieldPath(path) : undefined;
    return field && 'document' in field ? field : undefined;
  } catch {
    return undefined; // reported by the caller
  }
}

function schemaProblem(value: unknown): string | undefined {
  if (!isObject(value) && !isStandardSchema(value)) return 'expected a JSON Schema or a Standard Schema';
  try {
    validatorOf(value);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
