import type { AtomeState, Clocks } from '../atome.js';
import type { Hlc } from '../hlc.js';
import type { JsonObject, JsonValue } from '../json.js';

/*
 * Keys, the unit of conflict: `data.<key>`, `meta.<key>`, `kind`, `type`, `parentId` and `deleted`; their values,
 * and the stamps of their last writers.
 */

export const PARTS = ['data', 'meta'] as const;
export type Part = (typeof PARTS)[number];

export const DELETED = 'deleted';
/** The stamp of all keys that are there and have none of their own. */
export const BASE = '';
/** How many absent keys of a part keep a stamp of their own. */
const MAX_ABSENT = 256;

/** Longest name of a key, in bytes of UTF-8: the stamps are kept under it too. */
export const MAX_KEY_BYTES = 256;

/** About how many characters the stamps of an atome take at most. */
export const MAX_CLOCK_CHARS = 256 * 1024;
/** What a stamp takes besides the name of its key and itself: quotation marks, a colon, a comma. */
const STAMP_CHARS = 6;
/** No stamp takes more, with its key. */
const MAX_STAMP_CHARS = MAX_KEY_BYTES + 128;

/** Whether a key of `data` or `meta` is too long to be kept. */
export function isLongKey(key: string): boolean {
  // a character takes at most 3 bytes
  return key.length * 3 > MAX_KEY_BYTES && new TextEncoder().encode(key).length > MAX_KEY_BYTES;
}

export function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** A key of `data` or `meta`. */
export interface Location {
  readonly part: Part;
  readonly key: string;
}

export function locate(path: string): Location | undefined {
  if (path.startsWith('data.')) return { part: 'data', key: path.slice(5) };
  if (path.startsWith('meta.')) return { part: 'meta', key: path.slice(5) };
  return undefined;
}

export function valueAt(state: AtomeState, path: string, location = locate(path)): JsonValue | undefined {
  if (path === DELETED) return state.deletedAt !== null;
  return location ? own(state[location.part], location.key) : state[path as 'kind' | 'type' | 'parentId'];
}

/** The stamp of a key's last writer; undefined for a key that nobody has written. */
export function clockAt(state: AtomeState, path: string, location = locate(path)): Hlc | undefined {
  const clocks: Clocks = state.clocks;
  if (Object.hasOwn(clocks, path)) return clocks[path];
  if (path === DELETED) return undefined;
  return valueAt(state, path, location) === undefined ? clocks[location?.part ?? path] : clocks[BASE];
}

export function newer(one: Hlc | undefined, other: Hlc): Hlc {
  return one !== undefined && one > other ? one : other;
}

/** Whether a state has a key. */
type IsThere = (part: Part, key: string) => boolean;

/**
 * Drops the stamps of absent keys that the floor of their part covers. The floor rises to the newest of those
 * that are too many: an older write may then lose on a key where it need not, but brings nothing back.
 */
export function forget(clocks: Record<string, Hlc>, part: Part, isThere: IsThere): void {
  const absent = Object.keys(clocks).filter(
    (path) => path.startsWith(`${part}.`) && !isThere(part, path.slice(part.length + 1)),
  );
  const oldest = absent.map((path) => clocks[path]!).sort();
  const forgotten = oldest[absent.length - MAX_ABSENT - 1];
  if (forgotten !== undefined) clocks[part] = newer(clocks[part], forgotten);
  for (const path of absent) if (clocks[path]! <= (clocks[part] ?? '')) delete clocks[path];
}

/**
 * Drops the oldest stamps of keys that are there, when all take too much: the newest of them comes to stand for all keys
 * without one. An older write may then lose on a key where it need not, as with {@link forget}.
 */
export function boundStamps(clocks: Record<string, Hlc>, isThere: IsThere): void {
  const paths = Object.keys(clocks);
  if (paths.length * MAX_STAMP_CHARS <= MAX_CLOCK_CHARS) return;
  let chars = paths.reduce((sum, path) => sum + charsOf(path, clocks), 0);
  if (chars <= MAX_CLOCK_CHARS) return;
  const stamped = paths.filter((path) => {
    const location = locate(path);
    return location !== undefined && isThere(location.part, location.key);
  });
  stamped.sort((a, b) => (clocks[a]! < clocks[b]! ? -1 : 1));
  for (const path of stamped) {
    // by half, or each write would drop some; equal ones go together
    if (chars <= MAX_CLOCK_CHARS / 2 && clocks[path]! > (clocks[BASE] ?? '')) return;
    chars -= charsOf(path, clocks);
    clocks[BASE] = newer(clocks[BASE], clocks[path]!);
    delete clocks[path];
  }
}

/** Whether so many keys would have more stamps of their own than {@link boundStamps} leaves any of them. */
export function areTooMany(keys: number, hlc: Hlc): boolean {
  return keys * (hlc.length + STAMP_CHARS) > MAX_CLOCK_CHARS;
}

/** Whether no stamp of a key that is there has been dropped, of an atome with that stamp of its creation. */
export function hasAllStamps({ clocks }: Pick<AtomeState, 'clocks'>, created: Hlc): boolean {
  return clocks[BASE] === undefined || clocks[BASE] === created;
}

function charsOf(path: string, clocks: Readonly<Record<string, Hlc>>): number {
  return path.length + clocks[path]!.length + STAMP_CHARS;
}
