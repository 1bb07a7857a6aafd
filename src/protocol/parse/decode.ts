import { AtomeError } from '../errors.js';

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

/** Parses to Infinity, which the guard of every parser refuses by its path. */
const NOT_CARRIED = '1e999';

/**
 * Decodes JSON text. A number that a double does not carry comes out as Infinity, so that it is refused where it stands
 * (see `checkJson`), and never rounded.
 * @throws AtomeError `invalid_json` with the place of the fault.
 */
export function decodeJson(text: string): unknown {
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

/** Behind the quote that ends the string that begins at `start`: the first with an even number of backslashes before it. */
function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); ; end = json.indexOf('"', end + 1)) {
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
