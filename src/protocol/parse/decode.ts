import { AtomeError, invalid } from '../errors.js';
import type { Limits } from '../limits.js';

/**
 * What may be a number, in an object or array, that a double does not carry: one of 16 characters or more, one with an
 * exponent, or a zero with a sign. Fewer digits are always carried. It also finds text within strings that looks like that,
 * which the scan behind it tells apart. Its runs hold no character that begins one, so it is linear.
 */
const SUSPECT = /[:,[\s](?:\d[\d.]{15}|-[\d.]{16}|-?[\d.]+[eE]|-0(?:\.0*)?(?![\d.]))/;
const NUMBER = /[-+.\deE]+/y;
const STRING_OR_NUMBER = /["\d-]/g;
const PARTS = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/;
const ZERO = 48;
const [SPACE, QUOTE, COMMA] = [32, 34, 44];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [91, 93, 123, 125];

/** Parses to Infinity, which the guard of every parser refuses by its path. */
const NOT_CARRIED = '1e999';

/** Texts of so many characters are decoded whatever they hold. */
const SHORT = 32 * 1024;

/** What a value may hold. */
type Bounds = Pick<Limits, 'jsonDepth' | 'jsonNodes'>;

/**
 * Decodes JSON text. A number that a double does not carry comes out as Infinity, so that it is refused where it stands
 * (see `checkJson`), and never rounded.
 * @param bounds what holds more is refused by a look at its text, since to decode it takes many times as long.
 * @throws AtomeError `invalid_json` with the place of the fault, `too_complex`.
 */
export function decodeJson(text: string, bounds?: Bounds): unknown {
  if (bounds && text.length > SHORT) assertSimple(text, bounds);
  const value = parse(text);
  if (!SUSPECT.test(text)) return value;
  const marked = markNotCarried(text);
  return marked === text ? value : parse(marked);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AtomeError('invalid_json', `not valid JSON: ${(error as Error).message}`);
  }
}

function assertSimple(text: string, { jsonDepth, jsonNodes }: Bounds): void {
  let depth = 0;
  // that it is one, and what is behind each comma, and first in each that is not empty
  let nodes = 1;
  let isFirst = false;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit <= SPACE) continue;
    const isClosing = unit === CLOSE_ARRAY || unit === CLOSE_OBJECT;
    if (isClosing) depth -= 1;
    else if (isFirst || unit === COMMA) nodes += 1;
    isFirst = unit === OPEN_ARRAY || unit === OPEN_OBJECT;
    if (isFirst) depth += 1;
    if (depth > jsonDepth) throw tooComplex(`is nested deeper than ${jsonDepth} levels; flatten it`);
    if (nodes > jsonNodes) throw tooComplex(`holds more than ${jsonNodes} values; send less at once`);
    if (unit === QUOTE) at = endOfString(text, at) - 1;
    // it has no end: that is told by who decodes it
    if (at < 0) return;
  }
}

function tooComplex(message: string): AtomeError {
  return invalid([{ path: '', message }], 'too_complex');
}

/** Valid JSON, each number in it that a double does not carry replaced. */
function markNotCarried(json: string): string {
  let marked = '';
  let copied = 0;
  STRING_OR_NUMBER.lastIndex = 0;
  for (let found = STRING_OR_NUMBER.exec(json); found; found = STRING_OR_NUMBER.exec(json)) {
    if (found[0] === '"') {
      STRING_OR_NUMBER.lastIndex = endOfString(json, found.index);
      continue;
    }
    NUMBER.lastIndex = found.index;
    const [token] = NUMBER.exec(json)!;
    const end = (STRING_OR_NUMBER.lastIndex = found.index + token.length);
    if (isCarried(token)) continue;
    marked += json.slice(copied, found.index) + NOT_CARRIED;
    copied = end;
  }
  return marked + json.slice(copied);
}

/** Behind the quote that ends the string that begins at `start`: the first with an even number of backslashes before it; 0 without. */
function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); ; end = json.indexOf('"', end + 1)) {
    if (end < 0) return 0;
    let before = end;
    while (json[before - 1] === '\\') before -= 1;
    if ((end - before) % 2 === 0) return end + 1;
  }
}

/** Whether the double that a number of JSON becomes is written back as the same value; -0 is not. */
export function isCarried(token: string): boolean {
  const value = Number(token);
  if (!Number.isFinite(value) || Object.is(value, -0)) return false;
  const written = String(value);
  return written === token || decimal(written) === decimal(token);
}

/** The one way to write a decimal number: its significant digits, and the power of ten behind the last of them. */
function decimal(token: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = PARTS.exec(token)!;
  const digits = whole + fraction;
  let [from, to] = [0, digits.length];
  while (from < to && digits.charCodeAt(from) === ZERO) from += 1;
  while (from < to && digits.charCodeAt(to - 1) === ZERO) to -= 1;
  if (from === to) return '0';
  return `${sign}${digits.slice(from, to)}e${Number(exponent) - fraction.length + digits.length - to}`;
}
