import type { JsonObject } from '../protocol/index.js';

/*
 * Objects as the JSON that `JSON.stringify` writes: no white space, each key once, those that are indexes first. Of a
 * large one the members that nobody asks for are passed by: to take them apart would take far longer.
 */

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BACKSLASH = 92;
/** The brackets of arrays and objects differ in one bit. */
const CASE = 32;
const [OPENING, CLOSING] = [123, 125];
const NO_INDEX = 2 ** 32 - 1;

/** Members of an object: the JSON of their values, by that of their keys. */
export type Members = ReadonlyMap<string, string>;

/** The members of an object that have one of those keys, in their order. @param keys as JSON */
export function membersOf(text: string, keys: ReadonlySet<string>): Members {
  const found = new Map<string, string>();
  if (keys.size === 0) return found;
  const longest = longestOf(keys);
  const isWalked = walk(text, (at, colon, end) => {
    if (colon - at > longest) return;
    const key = text.slice(at, colon);
    if (keys.has(key)) found.set(key, text.slice(colon + 1, end));
  });
  return isWalked ? found : membersOf(asWritten(text), keys);
}

/** How many values there are in a value, itself among them. */
export function valuesIn(text: string): number {
  let values = 1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = behindString(text, at) - 1;
    else if (code === COMMA || ((code | CASE) === OPENING && (text.charCodeAt(at + 1) | CASE) !== CLOSING)) values += 1;
  }
  return values;
}

/** The members of an object. */
export function membersIn(object: JsonObject): Members {
  return new Map(Object.entries(object).map(([key, value]) => [JSON.stringify(key), JSON.stringify(value)]));
}

/** An object of those members. */
export function objectText(members: Members): string {
  return `{${Array.from(members, ([key, value]) => `${key}:${value}`).join(',')}}`;
}

/** What is to become of some keys of an object, all as JSON. */
export interface Rewriting {
  readonly keys: ReadonlySet<string>;
  /** What they are, in the order of an object; those that are missing are taken away. */
  readonly written: Members;
  /** Those that were away for a while: they stand behind all others. */
  readonly moved: ReadonlySet<string>;
}

/** The object with other members for some keys, in the order in which an object would have them. */
export function rewritten(text: string, rewriting: Rewriting): string {
  const { keys, written, moved } = rewriting;
  if (keys.size === 0) return text;
  const parts: string[] = [];
  // those next to each other that stay are copied in one piece
  let [from, to] = [-1, -1];
  const copy = (): void => {
    if (from >= 0) parts.push(text.slice(from, to));
    from = -1;
  };
  const placed = new Set<string>();
  const put = (key: string): void => {
    copy();
    parts.push(`${key}:${written.get(key)!}`);
    placed.add(key);
  };
  const indexed = [...written.keys()].filter((key) => indexOf(key) < NO_INDEX).values();
  let next = indexed.next();
  const longest = longestOf(keys);
  const isWalked = walk(text, (at, colon, end) => {
    const isPassed = next.done && colon - at > longest;
    const key = isPassed ? '' : text.slice(at, colon);
    const index = next.done ? NO_INDEX : indexOf(key);
    for (; !next.done && indexOf(next.value) <= index; next = indexed.next()) put(next.value);
    if (isPassed || !keys.has(key)) {
      if (from < 0) from = at;
      to = end;
    } else if (placed.has(key) || !written.has(key) || moved.has(key)) copy();
    else put(key);
  });
  if (!isWalked) return rewritten(asWritten(text), rewriting);
  copy();
  for (const key of written.keys()) if (!placed.has(key)) put(key);
  return `{${parts.join(',')}}`;
}

/**
 * @param visit is told where a key begins and ends, and where its value does.
 * @returns false for a text that is not written as `JSON.stringify` does: it was not gone through to its end.
 */
function walk(text: string, visit: (at: number, colon: number, end: number) => void): boolean {
  if (text === '{}') return true;
  for (let [at, escape] = [1, 0]; text.charCodeAt(at) === QUOTE;) {
    const colon = behindString(text, at);
    if (text.charCodeAt(colon) !== COLON) return false;
    if (escape < at) escape = (text.indexOf('\\', at) + 1 || Infinity) - 1;
    if (escape < colon && asWritten(text.slice(at, colon)) !== text.slice(at, colon)) return false;
    const end = endOfValue(text, colon + 1);
    visit(at, colon, end);
    if (text.charCodeAt(end) !== COMMA) return end === text.length - 1;
    at = end + 1;
  }
  return false;
}

/** Text that somebody else has written, such as a repair by hand, as `JSON.stringify` writes it. */
function asWritten(text: string): string {
  return JSON.stringify(JSON.parse(text));
}

/** What is longer is none of them. */
function longestOf(keys: ReadonlySet<string>): number {
  let longest = 0;
  for (const { length } of keys) if (length > longest) longest = length;
  return longest;
}

function behindString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end > 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return end + 1;
  }
  throw new Error('a string of JSON has no end');
}

function endOfValue(text: string, from: number): number {
  for (let at = from, depth = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = behindString(text, at);
      continue;
    }
    if (depth === 0 && (code === COMMA || (code | CASE) === CLOSING)) return at;
    if ((code | CASE) === OPENING) depth += 1;
    else if ((code | CASE) === CLOSING) depth -= 1;
    at += 1;
  }
  throw new Error('a value of JSON has no end');
}

/** Of a key that an object has in the order of numbers, its number. */
function indexOf(key: string): number {
  return /^"(0|[1-9]\d{0,9})"$/.test(key) ? Math.min(Number(key.slice(1, -1)), NO_INDEX) : NO_INDEX;
}
