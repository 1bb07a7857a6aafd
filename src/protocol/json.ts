import type { Limits } from './limits.js';

/** Whatever JSON can say. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;

/** An object of JSON. `__proto__`, `constructor` and `prototype` are refused as keys. */
export interface JsonObject {
  [key: string]: JsonValue;
}

/** One thing wrong with an input: where it is and what is expected there. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** Keys that could reach an object's prototype; refused everywhere. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

const NOT_CARRIED =
  'is a number that JSON numbers do not carry exactly: too many digits, too large, too small, or -0; send it as a string';

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Structural equality of two JSON values; the order of keys does not count. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equalJson(item, b[i]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equalJson(a[key], b[key]))
  );
}

/** A JSON value as a text that is the same for all that are equal. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    isObject(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each,
  );
}

/** Why a value may not be walked, or is not to be kept. */
export interface JsonProblem extends Issue {
  readonly code: 'invalid' | 'too_complex';
}

interface Visit {
  readonly value: unknown;
  readonly parent: Visit | undefined;
  readonly key: string | number;
  readonly depth: number;
}

/**
 * Checks depth, number of values, forbidden keys and that JSON carries each value, with a stack of its own, so that a hostile
 * value cannot exhaust the call stack of what walks it later. Members that are undefined pass: JSON leaves them out.
 * @param found is told of a value that is not yet what JSON makes of it, see {@link jsonOf}.
 */
export function checkJson(
  root: unknown,
  limits: Pick<Limits, 'jsonDepth' | 'jsonNodes'>,
  found: { isJson: boolean } = { isJson: true },
): JsonProblem | undefined {
  const stack: Visit[] = [{ value: root, parent: undefined, key: '', depth: 0 }];
  let nodes = 0;
  for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
    nodes += 1;
    const { depth } = visit;
    let { value } = visit;
    if (isOfClass(value)) found.isJson = false;
    if (isWrittenByItself(value)) {
      found.isJson = false;
      try {
        value = value.toJSON(String(visit.key));
      } catch (error) {
        return problem('invalid', visit, `cannot be written as JSON: ${(error as Error).message}`);
      }
    }
    if (value instanceof Number || value instanceof BigInt) value = value.valueOf();
    if (typeof value === 'number' ? !Number.isFinite(value) || Object.is(value, -0) : typeof value === 'bigint') {
      return problem('invalid', visit, NOT_CARRIED);
    }
    if (value === undefined) {
      if (typeof visit.key === 'number') return problem('invalid', visit, 'is undefined; JSON has null');
      found.isJson &&= visit.parent === undefined;
    }
    if (typeof value === 'function' || typeof value === 'symbol') {
      return problem('invalid', visit, `is a ${typeof value}, which JSON does not carry; leave it out`);
    }
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= limits.jsonDepth) {
      return problem('too_complex', visit, `is nested deeper than ${limits.jsonDepth} levels; flatten it`);
    }
    if (Array.isArray(value)) {
      if (nodes + stack.length + value.length > limits.jsonNodes) return tooMany(limits);
      // what an array has no item for counts, too
      for (let key = 0; key < value.length; key += 1) {
        stack.push({ value: value[key] as unknown, parent: visit, key, depth: depth + 1 });
      }
      continue;
    }
    const keys = Object.keys(value);
    if (nodes + stack.length + keys.length > limits.jsonNodes) return tooMany(limits);
    for (const key of keys) {
      if (FORBIDDEN_KEYS.has(key)) {
        return problem('invalid', visit, `has the key "${key}", which is not allowed; rename it`);
      }
      stack.push({ value: (value as Record<string, unknown>)[key], parent: visit, key, depth: depth + 1 });
    }
  }
  return undefined;
}

/** What JSON makes of a value of code that {@link checkJson} has let pass. */
export function jsonOf(value: unknown): unknown {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : JSON.parse(text);
}

/** Whether an object is more than its members. */
function isOfClass(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null;
}

/** What JSON.stringify asks for its own way to be written, such as a Date; nothing that was JSON has a function. */
function isWrittenByItself(value: unknown): value is { toJSON(key: string): unknown } {
  return typeof value === 'object' && value !== null && typeof (value as { toJSON?: unknown }).toJSON === 'function';
}

function tooMany(limits: Pick<Limits, 'jsonNodes'>): JsonProblem {
  return problem('too_complex', undefined, `holds more than ${limits.jsonNodes} values; send less at once`);
}

function problem(code: JsonProblem['code'], at: Visit | undefined, message: string): JsonProblem {
  const path: (string | number)[] = [];
  for (let visit = at; visit?.parent; visit = visit.parent) path.unshift(visit.key);
  return { code, path: path.join('.'), message };
}
