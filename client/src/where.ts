import type { AtomeError } from '../../src/protocol/errors.js';
import { matchesCondition } from '../../src/protocol/query/condition.js';
import { parseCondition } from '../../src/protocol/query/parse-condition.js';
import type { JsonObject } from '../../src/protocol/json.js';
import type { Where } from '../../src/protocol/query/where.js';
import { SyncError } from './core/errors.js';
import { orderOf } from './query/order.js';
import type { Order, Predicate } from './query/query.js';
import type { SortOf, WhereOf } from './query/typed-where.js';

export type { SortOf, WhereOf };

/**
 * A condition in the language of the server, for queries of the local store, and for whatever is asked of a server:
 * `where({ 'data.status': 'open', or: [{ 'data.size': { gte: 5 } }, { 'data.size': { exists: false } }] })`.
 * With `where<Task>({ … })` the compiler checks paths and values in `data`.
 * @throws SyncError `invalid` where it is not one.
 */
export function where<Data = JsonObject>(condition: WhereOf<Data>): Predicate {
  // what is changed afterwards is not what was asked for
  const written = JSON.stringify(condition);
  const parsed = parsedOf(condition);
  return Object.assign((atome: Parameters<Predicate>[0]) => matchesCondition(parsed, atome), {
    toJSON: () => JSON.parse(written) as Where,
  });
}

/**
 * An order by more than one value, for queries of the local store: `order('data.done', '-updatedAt')`. Where none of them
 * decides, the ids do. With `order<Task>(…)` the compiler checks paths in `data`.
 * @throws SyncError `invalid` where it is none.
 */
export function order<Data = JsonObject>(...paths: readonly SortOf<Data>[]): Order {
  return orderOf(paths);
}

function parsedOf(condition: unknown): ReturnType<typeof parseCondition> {
  try {
    return parseCondition(condition);
  } catch (error) {
    const { code, message } = error as AtomeError;
    throw new SyncError(code, message);
  }
}
