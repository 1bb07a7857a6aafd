import type { JsonValue, Mutation } from '../../protocol/index.js';

/** More gain nothing, and each of its atomes is in memory as long as it is decided. */
export const MAX_WRITES = 200;
/** About how many characters the writes of a group have, beyond its first. */
export const MAX_CHARS = 8 * 1024 * 1024;

/** A write that waits. */
interface Waiting {
  readonly mutation: Mutation;
  readonly chars: number;
  /** With how many behind it, itself included, it is written, or none of them; 0: it stands for itself. */
  readonly atomic: number;
}

/**
 * How many of the queue make the next group: a restore waits for an earlier write to its atome to be history, and those
 * that are written all or none are a group by themselves.
 */
export function groupSize(queue: readonly Waiting[]): number {
  if (queue[0]!.atomic > 0) return queue[0]!.atomic;
  const touched = new Set<string>();
  let chars = 0;
  for (let size = 0; size < queue.length && size < MAX_WRITES; size += 1) {
    if (queue[size]!.atomic > 0) return size;
    const { operation, atomeId } = queue[size]!.mutation;
    chars += queue[size]!.chars;
    if (size > 0 && (chars > MAX_CHARS || (operation === 'restore' && touched.has(atomeId)))) return size;
    touched.add(atomeId);
  }
  return Math.min(queue.length, MAX_WRITES);
}

/** About how many characters a write has. */
export function weigh(mutation: Mutation): number {
  try {
    return charsOf(mutation.changes as JsonValue);
  } catch {
    return 0; // it cannot be decided either, and is refused there
  }
}

/** About how many characters a value takes; cheaper than to write it down. */
function charsOf(value: JsonValue): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 6;
  let chars = 2;
  if (Array.isArray(value)) for (const each of value) chars += charsOf(each) + 1;
  else for (const key in value) chars += key.length + 4 + charsOf(value[key]!);
  return chars;
}
