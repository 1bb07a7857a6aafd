import type { Atome } from '../../../../src/protocol/index.js';
import { at, comparator, matcher, rankOf } from '../../query/query.js';
import { finished, result } from './requests.js';

/*
 * What answers a query without reading all. An order is for all queries of one shape: equal to something at the same
 * paths, and sorted by the same. Each atome carries its keys in the orders that there are, in one more field, over which
 * the browser keeps an index: a record and its keys change in one step, whoever writes it. Orders are learned from what
 * is asked, derived from the atomes, and never the truth: without them, all is read.
 */

/** The field with the keys, and the index over it. */
export const KEYS = '$' as const;
/** Where the orders stand, beside the checkpoint. */
export const ORDERS = 1 as const;
/** How much of a text decides. */
export const DECIDING = 200 as const;

/** A shape of queries, for which atomes have keys. */
export interface Order {
  /** Begins its keys; no other order has ever had it. */
  readonly n: number;
  readonly name: string;
  /** Values at these are equal to something; the last one decides the order. */
  readonly paths: readonly (readonly string[])[];
  /** When it was asked for, in days. */
  readonly day: number;
  /** Behind this id atomes may lack their keys; undefined where none does. */
  readonly upTo?: string | undefined;
}

/** The orders that there are, as a transaction sees them. */
export async function ordersOf(transaction: IDBTransaction): Promise<readonly Order[]> {
  return (await result<readonly Order[] | undefined>(transaction.objectStore('place').get(ORDERS))) ?? [];
}

/** An atome with its keys. */
export function keyed(atome: Atome, orders: readonly Order[]): Atome {
  if (orders.length === 0) return atome;
  const keys = orders.map(({ n, paths }) => [n, ...paths.flatMap((path) => keyOf(at(atome, path))), atome.id]);
  return { ...atome, [KEYS]: keys } as Atome;
}

/** An atome as it was before it had keys. */
export function bare(record: Atome): Atome {
  delete (record as { [KEYS]?: unknown })[KEYS];
  return record;
}

/** A value as a part of a key, where values have the order that results have; what has parts is all the same. */
export function keyOf(value: unknown): IDBValidKey[] {
  const isText = typeof value === 'string';
  return [rankOf(value), isText ? value.slice(0, DECIDING) : typeof value === 'object' ? 0 : Number(value ?? 0)];
}

/** What answers by orders need. */
export const TOOLS = {
  ...{ at, comparator, matcher, finished, result, ordersOf, keyed, bare, keyOf },
  ...{ index: KEYS, record: ORDERS, deciding: DECIDING },
};
export type OrderTools = typeof TOOLS;
