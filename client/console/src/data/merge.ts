import type { JsonObject, JsonValue } from '@atome-sync/client';
import { isSame } from './diff.js';

/** A key that both have changed, each in their own way; undefined where it was taken away. */
export interface Clash {
  readonly key: string;
  readonly mine: JsonValue | undefined;
  readonly theirs: JsonValue | undefined;
}

/** An edit together with what others have done meanwhile. */
export interface Merged {
  /** What is being typed goes on from: their changes are in it, and of what clashes mine. */
  readonly data: JsonObject;
  readonly clashes: readonly Clash[];
  /** Keys that only they have changed. */
  readonly taken: readonly string[];
}

/** Merges key by key, as the server does; where both changed a key, mine stays until somebody decides. */
export function merge(base: JsonObject, mine: JsonObject, theirs: JsonObject): Merged {
  const data: Record<string, JsonValue> = { ...mine };
  const clashes: Clash[] = [];
  const taken: string[] = [];
  for (const key of new Set([...Object.keys(base), ...Object.keys(mine), ...Object.keys(theirs)])) {
    const [was, own, other] = [base[key], mine[key], theirs[key]];
    if (isSame(other, was) || isSame(other, own)) continue;
    if (!isSame(own, was)) {
      clashes.push({ key, mine: own, theirs: other });
      continue;
    }
    taken.push(key);
    if (other === undefined) delete data[key];
    else data[key] = other;
  }
  return { data, clashes, taken };
}

/** What has to be written for `base` to become `next`: keys to set, and keys to take away. */
export function changesBetween(
  base: JsonObject,
  next: JsonObject,
): { readonly set: JsonObject; readonly remove: readonly string[] } {
  const set = Object.fromEntries(Object.entries(next).filter(([key, value]) => !isSame(base[key], value)));
  return { set, remove: Object.keys(base).filter((key) => !Object.hasOwn(next, key)) };
}
