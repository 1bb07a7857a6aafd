import { ACCESS_ENTRY_PATTERN, MAX_ACCESS_ENTRIES, type AskedAccess } from '../access.js';
import { isObject } from '../json.js';

/** Finishes the sentence "must be …". */
export const ACCESS_TEXT = `"tenant", "private", "inherit" or {"read":[…],"write":[…]}, each with at most ${MAX_ACCESS_ENTRIES} entries: ids of principals, "group:<name>" or "*"`;

/** An access as it is asked for; undefined for what is none. Both lists must be named. */
export function readAccess(value: unknown): AskedAccess | undefined {
  if (value === 'tenant' || value === 'private' || value === 'inherit') return value;
  if (!isObject(value) || Object.keys(value).length !== 2) return undefined;
  const { read, write } = value;
  return isEntries(read) && isEntries(write) ? { read, write } : undefined;
}

/** Whether this is a list of names as rights have them. */
export function isEntries(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.length <= MAX_ACCESS_ENTRIES &&
    value.every((entry) => typeof entry === 'string' && ACCESS_ENTRY_PATTERN.test(entry))
  );
}
