import type { Atome, JsonValue, Where } from '../../../src/protocol/index.js';
import { isMap } from '../../../src/protocol/merge/merge-patch.js';
import { SyncError } from '../core/errors.js';
import type { AnyKinds, KindOf } from '../core/kinds.js';
import type { PathIn, SortOf, ValueAt } from './typed-where.js';

type Scalar = string | number | boolean | null;

/** A condition on one value: equal to it, or all of the named comparisons. Values of different types never match. */
export type Condition =
  | Scalar
  | {
      readonly ne?: Scalar;
      readonly lt?: string | number;
      readonly lte?: string | number;
      readonly gt?: string | number;
      readonly gte?: string | number;
      /** One of these. */
      readonly in?: readonly Scalar[];
      /** A text with this part, or a list with this member. */
      readonly contains?: Scalar;
    };

/** Conditions on atomes whose `data` has a shape, by path: paths and values are checked. Any data: any path. */
export type Conditions<Data> = string extends keyof Data
  ? Readonly<Record<string, Condition>>
  : { readonly [Path in PathIn<Data>]?: ConditionOn<ValueAt<Data, Path>> };

/** A {@link Condition} that values of a type can meet. */
type ConditionOn<Value> =
  | Extract<Value, Scalar>
  | {
      readonly [Name in Operator]?: Name extends 'in'
        ? readonly Extract<Value, Scalar>[]
        : Name extends 'contains'
          ? Extract<Value extends readonly (infer Item)[] ? Item : Value, Scalar>
          : Name extends 'ne'
            ? Extract<Value, Scalar>
            : Extract<Value, string | number>;
    };

/** A condition in the language of the server, as `where` of `@atome-sync/client/where` makes it. */
export interface Predicate {
  /** Whether it is true of an atome. */
  (atome: Atome): boolean;
  /** As it was written. */
  toJSON(): Where;
}

/** An order of atomes by more than one value, as `order` of `@atome-sync/client/where` makes it. */
export interface Order {
  /** Below 0 where the first one comes first; 0 for the same one alone. */
  (a: Atome, b: Atome): number;
  /** As it was written. */
  toJSON(): readonly string[];
}

/** Which atomes, in which order. Everything named has to hold; deleted atomes never match. */
export interface Query<Map = AnyKinds, Kind extends KindOf<Map> = KindOf<Map>> {
  /** Of this kind. */
  readonly kind?: Kind | undefined;
  /** Of this type; null: those without one. */
  readonly type?: string | null | undefined;
  /** null: those without a parent. */
  readonly parentId?: string | null | undefined;
  /** One of these; an empty list for none at all. */
  readonly ids?: readonly string[] | undefined;
  /** Conditions by path in `data`: `{ done: false, 'author.name': { in: ['Ada', 'Bob'] } }`; or all that a server can judge. */
  readonly where?: Conditions<Map[Kind]> | Predicate | undefined;
  /** Path in the atome, `-` in front for descending: `data.title`, `-updatedAt`. Default `id`: of ids made here, the order of creation. */
  readonly sort?: SortOf<Map[Kind]> | Order | undefined;
  /** How many at most, from the first of the order. Default: all. */
  readonly limit?: number | undefined;
  /** How many of the first ones are left out. Default: none. */
  readonly offset?: number | undefined;
}

/** What is different from the result before, as ids. */
export interface Difference {
  /** In the result now, and not before. */
  readonly added: readonly string[];
  /** In both, and looking different. */
  readonly changed: readonly string[];
  /** In the result before, and not now. */
  readonly removed: readonly string[];
}

const PARTS = ['kind', 'type', 'parentId'] as const;

/** What a query has, and what one that is written wrong gets for it at the call, not an empty result. */
const FIELDS: Record<keyof Query, (value: never) => boolean> = {
  kind: isOptionalText,
  type: isOptionalText,
  parentId: isOptionalText,
  ids: Array.isArray,
  where: (where) => isFunction(where) || (isMap(where) && Object.values(where as object).every(isCondition)),
  sort: (sort) => typeof sort === 'string' || isFunction(sort),
  limit: isCount,
  offset: isCount,
};

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0;
}

function isOptionalText(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

/** undefined too: a condition on what is not known yet, which holds where there is nothing. */
function isScalar(value: unknown): boolean {
  return value === null || RANKS.includes(typeof value);
}

function isCondition(condition: Condition): boolean {
  if (isScalar(condition)) return true;
  const parts = Object.entries(condition as object);
  return (
    parts.length > 0 &&
    parts.every(
      ([name, operand]) =>
        Object.hasOwn(OPERATORS, name) && (name === 'in' ? Array.isArray(operand) : isScalar(operand)),
    )
  );
}

/**
 * @returns the query as it is now: the caller may go on with its object.
 * @throws SyncError `invalid` for a query that would find what was not meant.
 */
export function checked(query: Query): Query {
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(query as object) as [string, JsonValue | undefined][]) {
    const isRight = Object.hasOwn(FIELDS, name) && FIELDS[name as keyof Query](value as never);
    if (value !== undefined && !isRight) throw new SyncError('invalid', `a query has no \`${name}: ${textOf(value)}\``);
    copy[name] = isMap(value) ? { ...value } : value;
  }
  return copy;
}

/** Whatever it is: what JSON cannot say must not throw in the place of the sentence about it. */
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return typeof value;
  }
}

/** Whether an atome is among those asked for. */
export function matcher(query: Query): (atome: Atome) => boolean {
  const { ids, where = {} } = query;
  const wanted = ids && new Set(ids);
  const parts = PARTS.filter((part) => query[part] !== undefined);
  const conditions =
    typeof where === 'function'
      ? [where]
      : Object.entries(where).map(([path, condition]) => {
          const [keys, isTrue] = [path.split('.'), test(condition)];
          return ({ data }: Atome) => isTrue(at(data, keys));
        });
  return (atome) =>
    atome.deletedAt === null &&
    parts.every((part) => query[part] === atome[part]) &&
    (!wanted || wanted.has(atome.id)) &&
    conditions.every((isTrue) => isTrue(atome));
}

/** The order of a query; where it does not decide, that of the ids does. */
export function comparator({ sort = 'id' }: Query): (a: Atome, b: Atome) => number {
  if (typeof sort === 'function') return sort;
  const descending = sort.startsWith('-');
  const path = (descending ? sort.slice(1) : sort).split('.');
  const sign = descending ? -1 : 1;
  return (a, b) => sign * (compare(at(a, path), at(b, path)) || compare(a.id, b.id));
}

/** What is at a path. */
export function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  // a loop, since this is what a long list spends its time on
  for (const key of path)
    found =
      typeof found === 'object' && found !== null && Object.hasOwn(found, key)
        ? (found as Record<string, unknown>)[key]
        : undefined;
  return found;
}

function test(condition: Condition): (value: unknown) => boolean {
  if (isScalar(condition)) return (value) => value === condition;
  const parts = Object.entries(condition as object) as [Operator, never][];
  return (value) => parts.every(([operator, operand]) => OPERATORS[operator](value, operand));
}

type Operator = keyof Exclude<Condition, Scalar>;

const ordered = (a: unknown, b: unknown): boolean => typeof a === typeof b && typeof a !== 'object';

const OPERATORS: Record<Operator, (value: unknown, operand: never) => boolean> = {
  ne: (value, operand) => value !== operand,
  lt: (value, operand) => ordered(value, operand) && (value as never) < operand,
  lte: (value, operand) => ordered(value, operand) && (value as never) <= operand,
  gt: (value, operand) => ordered(value, operand) && (value as never) > operand,
  gte: (value, operand) => ordered(value, operand) && (value as never) >= operand,
  in: (value, operand: readonly unknown[]) => operand.includes(value),
  contains: (value, operand) =>
    typeof value === 'string' ? value.includes(operand) : Array.isArray(value) && value.includes(operand),
};

/** Values of different types have an order too: null and what has parts, nothing, booleans, numbers, texts. */
const RANKS = 'undefined boolean number string';
export const rankOf = (value: unknown): number => RANKS.indexOf(typeof value);

/** The order of two values, whatever they are. */
export function compare(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (typeof a !== typeof b) return rankOf(a) - rankOf(b);
  return typeof a === 'object' ? 0 : (a as string) < (b as string) ? -1 : 1;
}
