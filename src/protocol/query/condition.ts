import type { Atome } from '../atome.js';
import { isObject } from '../json.js';

/** What a field can be compared with. */
export type Scalar = string | number | boolean | null;

/** The fields of an atome itself that can be compared. */
export const OWN_FIELDS = [
  'id',
  'kind',
  'type',
  'parentId',
  'ownerId',
  'version',
  'createdAt',
  'updatedAt',
  'deletedAt',
] as const;
export type OwnField = (typeof OWN_FIELDS)[number];

/** The objects of an atome in which a field can be. */
export const DOCUMENTS = ['data', 'meta'] as const;

/** A field at a path of keys in one of the documents. Arrays have no fields. */
export interface DocumentField {
  readonly document: (typeof DOCUMENTS)[number];
  readonly keys: readonly [string, ...string[]];
}

/** Where a field is. */
export type FieldPath = { readonly own: OwnField } | DocumentField;

/** What is asked of a field. Values of different types are not equal, and none comes before the other. */
export type Comparison =
  | { readonly operator: 'eq'; readonly value: Scalar }
  | { readonly operator: OrderOperator; readonly value: string | number }
  /** A text with the value in it, or an array with the value among its items. */
  | { readonly operator: 'contains'; readonly value: Scalar }
  | { readonly operator: 'startsWith'; readonly value: string }
  /** Whether there is such a field, be it null. */
  | { readonly operator: 'exists' };

/** One comparison of one field. */
export type Term = Comparison & { readonly field: FieldPath };

export type OrderOperator = 'gt' | 'gte' | 'lt' | 'lte';

/** Which atomes are wanted. It is true or false of each atome, never unknown. */
export type Condition =
  Term | { readonly all: readonly Condition[] } | { readonly any: readonly Condition[] } | { readonly not: Condition };

/**
 * Whether a condition is true of an atome: the same verdict as that of the databases.
 * @param at what is in a field of it.
 */
export function matchesCondition(condition: Condition, atome: Atome, at = valueAt): boolean {
  if ('all' in condition) return condition.all.every((part) => matchesCondition(part, atome, at));
  if ('any' in condition) return condition.any.some((part) => matchesCondition(part, atome, at));
  if ('not' in condition) return !matchesCondition(condition.not, atome, at);
  return matchesTerm(condition, at(condition.field, atome));
}

/** What is in a field of an atome; undefined where there is none. */
export function valueAt(field: FieldPath, atome: Atome): unknown {
  if ('own' in field) return atome[field.own];
  let value: unknown = atome[field.document];
  for (const key of field.keys) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

function matchesTerm(term: Comparison, value: unknown): boolean {
  switch (term.operator) {
    case 'eq':
      return value === term.value;
    case 'contains':
      if (Array.isArray(value)) return value.includes(term.value);
      return typeof value === 'string' && typeof term.value === 'string' && value.includes(term.value);
    case 'startsWith':
      return typeof value === 'string' && value.startsWith(term.value);
    case 'exists':
      return value !== undefined;
    default:
      return isInOrder(term.operator, order(value, term.value));
  }
}

function isInOrder(operator: OrderOperator, difference: number): boolean {
  switch (operator) {
    case 'gt':
      return difference > 0;
    case 'gte':
      return difference >= 0;
    case 'lt':
      return difference < 0;
    case 'lte':
      return difference <= 0;
  }
}

/** NUL and half a surrogate pair, for which databases have no text, and what PostgreSQL has in their place. */
const ODD = /[\0\uffff\p{Cs}]/u;

/** Whether a text has no order, and may not be compared with: not every database has it. */
export function isOddText(text: string): boolean {
  return ODD.test(text);
}

let [lastText, lastIsOdd] = ['', false];

/** As {@link isOddText}: many conditions ask it of one text, one after the other. */
function isOddAgain(text: string): boolean {
  if (text !== lastText) [lastText, lastIsOdd] = [text, isOddText(text)];
  return lastIsOdd;
}

/** Less than 0, 0 or more; NaN, which is in no order, where the types are not the same. */
function order(value: unknown, other: string | number): number {
  if (typeof value === 'number' && typeof other === 'number') return value - other;
  if (typeof value === 'string' && typeof other === 'string' && !isOddAgain(value)) return compareText(value, other);
  return Number.NaN;
}

/** Less than 0, 0 or more: in order of code points, as UTF-8 has it and both databases compare; UTF-16 has surrogates in front of U+E000. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    if (a[at] === b[at]) continue;
    const codePoints = (from: number): number => a.codePointAt(from)! - b.codePointAt(from)!;
    // the second half of a pair is no code point of its own
    return (at > 0 && codePoints(at - 1)) || codePoints(at);
  }
  return a.length - b.length;
}
