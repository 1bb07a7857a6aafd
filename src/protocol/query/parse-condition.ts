import { invalid, type AtomeError } from '../errors.js';
import { isObject } from '../json.js';
import {
  DOCUMENTS,
  isOddText,
  OWN_FIELDS,
  type Condition,
  type FieldPath,
  type OwnField,
  type Scalar,
  type Term,
} from './condition.js';

/** The operators of a condition, as they are written. */
export const OPERATORS = [
  'eq',
  'ne',
  'gt',
  'gte',
  'lt',
  'lte',
  'in',
  'nin',
  'exists',
  'contains',
  'startsWith',
] as const;
export type Operator = (typeof OPERATORS)[number];

/** Most comparisons in one condition, each value of a list counted. */
export const MAX_TERMS = 100;
/** Most groups within groups. */
export const MAX_GROUP_DEPTH = 5;
/** Most characters of a text that is compared with. */
export const MAX_TEXT_CHARS = 1_000;
/** Most characters of a text that is looked for: engines look for longer ones character by character. */
export const MAX_CONTAINED_CHARS = 250;
/** Most keys in a path. */
export const MAX_PATH_KEYS = 10;

/** What a key in a path may be: what JSON and the paths of both databases write as it is. */
const KEY = /^[^"\\.[\]\p{Cc}\p{Cs}]{1,256}$/u;

const HELP = 'such as {"data.status":"open","data.size":{"gte":5}}';

/** Counts what one condition asks for. */
interface Budget {
  terms: number;
}

/**
 * A condition in its JSON form: fields with a value or with operators, all of which must hold, and groups under `and`, `or`.
 * @throws AtomeError `invalid`
 */
export function parseCondition(input: unknown): Condition {
  return parseGroup(input, { terms: MAX_TERMS }, 0);
}

function parseGroup(input: unknown, budget: Budget, depth: number): Condition {
  if (!isObject(input)) throw wrong(`must be a JSON object, ${HELP}`);
  if (depth > MAX_GROUP_DEPTH) throw wrong(`may have at most ${MAX_GROUP_DEPTH} groups within each other`);
  const parts = Object.entries(input).flatMap(([name, value]): Condition[] => {
    if (name !== 'and' && name !== 'or') return parseField(name, value, budget);
    if (!Array.isArray(value) || value.length === 0)
      throw wrong(`"${name}" must be a list of conditions, one at least`);
    const members = value.map((member) => parseGroup(member, budget, depth + 1));
    return [name === 'and' ? { all: members } : { any: members }];
  });
  if (parts.length === 0) throw wrong(`must name a field, ${HELP}`);
  return parts.length === 1 ? parts[0]! : { all: parts };
}

function parseField(name: string, value: unknown, budget: Budget): Condition[] {
  const field = parseFieldPath(name);
  if (!isObject(value)) return [parseTerm(name, field, ['eq', value], budget)];
  const operators = Object.entries(value);
  if (operators.length === 0) throw wrong(`${name} must have a value, or an operator: ${OPERATORS.join(', ')}`);
  return operators.map((operator) => parseTerm(name, field, operator, budget));
}

/** @param path of the parameter that names it. @throws AtomeError `invalid` */
export function parseFieldPath(name: string, path = 'where'): FieldPath {
  if ((OWN_FIELDS as readonly string[]).includes(name)) return { own: name as OwnField };
  const [root, ...keys] = name.split('.');
  const document = DOCUMENTS.find((each) => each === root);
  const [first, ...rest] = keys;
  if (!document || first === undefined) {
    const fields = `there are data.<key>, meta.<key>, ${OWN_FIELDS.join(', ')}`;
    throw wrong(`"${name.slice(0, 64)}" is no field; ${fields}`, path);
  }
  if (keys.length > MAX_PATH_KEYS) throw wrong(`a path may have at most ${MAX_PATH_KEYS} keys`, path);
  if (!keys.every((key) => KEY.test(key))) {
    throw wrong(`"${name.slice(0, 64)}" has a key that is empty, too long, or has one of " \\ [ ] in it`, path);
  }
  return { document, keys: [first, ...rest] };
}

function parseTerm(name: string, field: FieldPath, [operator, value]: [string, unknown], budget: Budget): Condition {
  const cost = Array.isArray(value) ? value.length : 1;
  budget.terms -= cost;
  if (budget.terms < 0) throw wrong(`may compare with at most ${MAX_TERMS} values`);
  const place = `${name} "${operator.slice(0, 64)}"`;
  const equal = (each: unknown): Term => ({ field, operator: 'eq', value: takeScalar(place, each) });
  switch (operator as Operator) {
    case 'eq':
      return equal(value);
    case 'ne':
      return { not: equal(value) };
    case 'in':
      return { any: takeList(place, value).map(equal) };
    case 'nin':
      return { not: { any: takeList(place, value).map(equal) } };
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return { field, operator: operator as 'gt', value: takeOrdered(place, value) };
    case 'contains':
      return { field, operator: 'contains', value: takeContained(place, value) };
    case 'startsWith':
      return { field, operator: 'startsWith', value: takeText(place, value) };
    case 'exists':
      if (typeof value !== 'boolean') throw wrong(`${place} must be true or false`);
      return value ? { field, operator: 'exists' } : { not: { field, operator: 'exists' } };
  }
  throw wrong(`${place} is no operator; there are ${OPERATORS.join(', ')}`);
}

function takeScalar(place: string, value: unknown): Scalar {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number' || typeof value === 'string') return takeOrdered(place, value);
  throw wrong(`${place} must be a text, a number, true, false or null`);
}

function takeContained(place: string, value: unknown): Scalar {
  if (typeof value !== 'string' || value.length <= MAX_CONTAINED_CHARS) return takeScalar(place, value);
  throw wrong(`${place} may have at most ${MAX_CONTAINED_CHARS} characters`);
}

function takeOrdered(place: string, value: unknown): string | number {
  // -0 is stored nowhere, and equals 0
  if (typeof value === 'number' && Number.isFinite(value)) return value === 0 ? 0 : value;
  return takeText(place, value, 'a text or a number');
}

function takeText(place: string, value: unknown, expected = 'a text'): string {
  if (typeof value !== 'string') throw wrong(`${place} must be ${expected}`);
  if (value.length > MAX_TEXT_CHARS) throw wrong(`${place} may have at most ${MAX_TEXT_CHARS} characters`);
  if (isOddText(value)) throw wrong(`${place} may have neither NUL, U+FFFF nor half a surrogate pair in it`);
  return value;
}

function takeList(place: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) throw wrong(`${place} must be a list of values, one at least`);
  return value;
}

function wrong(message: string, path = 'where'): AtomeError {
  return invalid([{ path, message }]);
}
