import type { Atome, JsonObject, JsonValue } from '../../../../src/protocol/index.js';
import type { Query } from '../../query/query.js';
import type { Order, OrderTools } from './orders.js';

/** How many orders there are at most, and after how many days one that nobody asks for makes room. */
const MOST = 8;
const IDLE_DAYS = 7;
/** How many atomes get their keys at a time. */
const PAGE = 100;
/** Above every text, as the end of a range. */
const END: IDBValidKey = [];
const DAY_MS = 86_400_000;
/** Texts with these have another order in the language of the server. */
const ASTRAL = /[\ud800-\uffff]/;

/** What orders answer, and what is still to be learned. */
export interface Answers {
  /** The result of a query; undefined where all has to be read. */
  readonly select: (db: IDBDatabase, query: Query) => Promise<readonly Atome[] | undefined>;
  /** Makes the orders that were missing, a few atomes at a time. */
  readonly learn: (db: () => IDBDatabase) => Promise<void>;
}

/** Between which values something is. */
interface Range {
  readonly gt?: JsonValue;
  readonly gte?: JsonValue;
  readonly lt?: JsonValue;
  readonly lte?: JsonValue;
}

const BOUNDS = ['gt', 'gte', 'lt', 'lte'] as const;

/** One way to a result. */
interface Plan extends Pick<Order, 'name' | 'paths'> {
  /** The keys between which the result lies. */
  readonly bounds: readonly [lower: IDBValidKey[], upper: IDBValidKey[]];
  readonly direction: IDBCursorDirection;
  /** Whether the order is that of the query, so that what is behind its limit need not be read. */
  readonly isSorted: boolean;
}

/**
 * Makes what answers for one database.
 * @param tools of the first file: to import them would part that in two.
 * @param patience how many records are read in vain at most: beyond, reading all is not much slower.
 */
export function createAnswers(tools: OrderTools, patience = 1_000): Answers {
  const { ordersOf, finished } = tools;
  const wanted = new Map<string, Plan>();
  return {
    async select(db, query) {
      for (const plan of plansOf(query, tools)) {
        const transaction = db.transaction(['atomes', 'place']);
        // a database of an earlier build has none
        if (!transaction.objectStore('atomes').indexNames.contains(tools.index)) return undefined;
        const order = (await ordersOf(transaction)).find(({ name }) => name === plan.name);
        const isWhole = order && order.upTo === undefined;
        if (!isWhole || order.day !== today()) wanted.set(plan.name, plan);
        if (!isWhole) return undefined;
        const found = await walk({ order, plan, query, patience }, transaction, tools);
        if (found) return found;
      }
      return undefined;
    },
    async learn(db) {
      for (let goesOn = wanted.size > 0; goesOn;) {
        const transaction = db().transaction(['atomes', 'place'], 'readwrite', { durability: 'relaxed' });
        const ended = finished(transaction);
        // what fails before it is waited for says so itself
        ended.catch(() => undefined);
        const orders = joined(await ordersOf(transaction), wanted);
        wanted.clear();
        goesOn = await keyPage(transaction, orders, tools);
        await ended;
      }
    },
  };
}

/** The ways to a result, the likeliest first. */
function plansOf({ kind, type, parentId, ids, where = {}, sort, limit }: Query, { keyOf }: OrderTools): Plan[] {
  if (ids || typeof sort === 'function') return [];
  const values: Record<string, unknown> = { kind, type, parentId };
  const ranges = new Map<string, Range>();
  const isPredicate = typeof where === 'function';
  const conditions = (isPredicate ? where.toJSON() : where) as JsonObject;
  for (const [name, condition] of Object.entries<JsonValue | undefined>(conditions)) {
    const path = isPredicate ? name : `data.${name}`;
    // a list is a group
    if (Array.isArray(condition)) continue;
    if (typeof condition !== 'object' || condition === null) values[path] = condition;
    else if ('eq' in condition) values[path] = condition.eq;
    else if (BOUNDS.some((bound) => bound in condition)) ranges.set(path, condition);
  }
  const boundOf = (value?: JsonValue): IDBValidKey[] =>
    value === undefined || (typeof value === 'string' && ASTRAL.test(value)) ? [] : keyOf(value);
  const equal = Object.keys(values).filter((path) => values[path] !== undefined);
  const start = equal.sort().flatMap((path) => keyOf(values[path]));
  const order = sort?.replace(/^-/, '') ?? 'id';
  // without an end, to be in order is of no use
  const likely = limit !== undefined || (equal.length > 0 && ranges.size === 0) ? [order] : [];
  return [...new Set([...likely, ...ranges.keys()])].map((by) => {
    const { gt, gte = gt, lt, lte = lt } = ranges.get(by) ?? {};
    const paths = [...equal, by].map((path) => path.split('.'));
    return {
      name: JSON.stringify(paths),
      paths,
      bounds: [
        [...start, ...boundOf(gte)],
        [...start, ...boundOf(lte), END],
      ],
      direction: by === order && sort?.startsWith('-') ? 'prev' : 'next',
      isSorted: by === order,
    };
  });
}

/** What is walked through, for what, and for how long. */
interface Walk {
  readonly order: Order;
  readonly plan: Plan;
  readonly query: Query;
  readonly patience: number;
}

/** @returns undefined where it would be long. */
function walk(
  { order, plan, query, patience }: Walk,
  transaction: IDBTransaction,
  { at, bare, comparator, matcher, index, deciding }: OrderTools,
): ReturnType<Answers['select']> {
  const { bounds, direction, isSorted } = plan;
  const { limit = Infinity, offset = 0 } = query;
  const end = offset + limit;
  const most = patience + (limit < Infinity ? end : 0);
  const matches = matcher(query);
  const found: Atome[] = [];
  const [lower, upper] = bounds.map((bound) => [order.n, ...bound]) as [IDBValidKey, IDBValidKey];
  // between a larger and a smaller one there is nothing
  if (indexedDB.cmp(lower, upper) > 0) return Promise.resolve(found);
  const range = IDBKeyRange.bound(lower, upper);
  const request = transaction.objectStore('atomes').index(index).openCursor(range, direction);
  let read = 0;
  const isEnough = (): boolean =>
    // behind it there may be what comes before it: of a long text, not all decides
    isSorted && found.length >= end && String(at(found.at(-1), plan.paths.at(-1)!)).length < deciding;
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(request.error!);
    request.onsuccess = () => {
      const cursor = request.result;
      if (!cursor || isEnough()) return resolve(found.sort(comparator(query)).slice(offset, end));
      if ((read += 1) > most) return resolve(undefined);
      const atome = bare(cursor.value as Atome);
      if (matches(atome)) found.push(atome);
      cursor.continue();
    };
  });
}

/** The orders with those that are wanted: new ones, and those that are asked for again. */
function joined(orders: readonly Order[], wanted: ReadonlyMap<string, Plan>): readonly Order[] {
  const day = today();
  let all = orders;
  for (const { name, paths } of wanted.values()) {
    const known = all.find((each) => each.name === name);
    const oldest = Math.min(...all.map((each) => each.day));
    const left = all.length < MOST ? undefined : all.find((each) => each.day === oldest);
    if (known) all = all.map((each) => (each === known ? { ...each, day } : each));
    else if (!left || oldest < day - IDLE_DAYS) {
      const n = Math.max(0, ...all.map((each) => each.n)) + 1;
      all = [...all.filter((each) => each !== left), { n, name, paths, day, upTo: '' }];
    }
  }
  return all;
}

/** Gives the next atomes that may lack some their keys. @returns whether there may be more. */
async function keyPage(
  transaction: IDBTransaction,
  orders: readonly Order[],
  { result, bare, keyed, record }: OrderTools,
): Promise<boolean> {
  const atomes = transaction.objectStore('atomes');
  const [after] = orders.flatMap(({ upTo }) => upTo ?? []).sort();
  let upTo: string | undefined;
  if (after !== undefined) {
    const page = await result<Atome[]>(atomes.getAll(IDBKeyRange.lowerBound(after, true), PAGE));
    for (const atome of page) atomes.put(keyed(bare(atome), orders));
    if (page.length === PAGE) upTo = page.at(-1)!.id;
  }
  const now = orders.map((order) => (order.upTo === undefined ? order : { ...order, upTo }));
  transaction.objectStore('place').put(now, record);
  return upTo !== undefined;
}

const today = (): number => Math.floor(Date.now() / DAY_MS);
