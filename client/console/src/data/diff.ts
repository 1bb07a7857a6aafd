import type { JsonValue } from '@atome-sync/client';

/** What is different at one path. */
export interface Difference {
  /** Keys from the outside in. */
  readonly path: readonly string[];
  /** undefined: it was not there. */
  readonly before: JsonValue | undefined;
  /** undefined: it is not there any more. */
  readonly after: JsonValue | undefined;
}

/** All that is different between two values, key by key; lists are compared place by place. */
export function differencesOf(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  path: readonly string[] = [],
): readonly Difference[] {
  if (isSame(before, after)) return [];
  if (!isNest(before) || !isNest(after) || Array.isArray(before) !== Array.isArray(after))
    return [{ path, before, after }];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => differencesOf(at(before, key), at(after, key), [...path, key]));
}

/** Whether two values are the same JSON, whatever the order of keys. */
export function isSame(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (!isNest(a) || !isNest(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isSame(at(a, key), at(b, key)));
}

type Nest = Readonly<Record<string, JsonValue>>;

function isNest(value: JsonValue | undefined): value is Nest {
  return typeof value === 'object' && value !== null;
}

function at(value: Nest, key: string): JsonValue | undefined {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}
