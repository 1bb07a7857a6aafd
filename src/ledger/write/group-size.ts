import type { JsonValue, Mutation } from '../../protocol/index.js';

/** More gain nothing, and each of its atomes is in memory as long as it is decided. */
export const MAX_WRITES = 200;
/** About how many characters the writes of a group have, beyond its first. */
export const MAX_CHARS = 8 * 1024 * 1024;

/** Each state that is gone back to is in memory before the group is decided. */
const MAX_RESTORES = 8;
/**
 * About how many bytes the atomes have that a group alters, one at least: each write takes its whole atome, however little
 * it changes. Writes that are all or none are refused beyond theirs.
 */
export const MAX_DOCUMENT_BYTES = { each: 1024 * 1024, atomic: 8 * 1024 * 1024 } as const;

/** A group that is decided for longer than that keeps others waiting, and how long its tenant rests for it, in milliseconds. */
const LONG_MS = 25;
const MAX_REST_MS = { usual: 250, large: 2_000 } as const;
/** Of atomes that have so many bytes together each write may take as long again. */
const LARGE_BYTES = 256 * 1024;

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
  let [chars, restores] = [0, 0];
  for (let size = 0; size < queue.length && size < MAX_WRITES; size += 1) {
    if (queue[size]!.atomic > 0) return size;
    const { operation, atomeId } = queue[size]!.mutation;
    chars += queue[size]!.chars;
    if (operation === 'restore') restores += 1;
    const waits = operation === 'restore' && (restores > MAX_RESTORES || touched.has(atomeId));
    if (size > 0 && (chars > MAX_CHARS || waits)) return size;
    touched.add(atomeId);
  }
  return Math.min(queue.length, MAX_WRITES);
}

/** What a group has cost. */
interface GroupCost {
  readonly heldMs: number;
  /** About how many bytes the large atomes have that it looked at. */
  readonly largeBytes: number;
}

/**
 * How long is rested after a group that kept the event loop: by its whole tenant as long, so that it has half of it at the most. Of
 * large atomes each write by itself is work that nobody gets in between: those who alter them rest many times as long, so that
 * such turns are few.
 */
export function restAfter({ heldMs, largeBytes }: GroupCost): Readonly<Record<'all' | 'large', number>> {
  if (heldMs <= LONG_MS) return { all: 0, large: 0 };
  const isLarge = heldMs > 2 * LONG_MS && largeBytes >= LARGE_BYTES;
  if (isLarge) return { all: 0, large: Math.min(20 * heldMs, MAX_REST_MS.large) };
  return { all: Math.min(heldMs, MAX_REST_MS.usual), large: 0 };
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
