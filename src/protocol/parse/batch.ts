import { invalid } from '../errors.js';
import { ID_PATTERN, KIND_PATTERN } from '../ids.js';
import { isObject } from '../json.js';
import type { Limits } from '../limits.js';
import { BATCH_OPERATIONS, type Mutation } from '../operations.js';
import type { Condition } from '../query/condition.js';
import { parseCondition } from '../query/parse-condition.js';
import { parseAlterBody, parseDeleteBody } from './body.js';
import { Fields } from './fields.js';
import { takeOperation } from './write-fields.js';

/** Most atomes of one batch, and of one that is found by a query where it does not say how many. */
export const MAX_BATCH = { atomes: 10_000, unsaid: 1_000 } as const;

/** Which atomes a batch looks for. */
export interface BatchQuery {
  readonly kind?: string;
  readonly type?: string;
  readonly parentId?: string | null;
  readonly where?: Condition;
  readonly limit: number;
}

/** Many writes of one sort. What is wrong with one of its atomes is found when it is its turn. */
export type Batch =
  | { readonly atomes: readonly unknown[] }
  | { readonly template: Mutation; readonly ids: readonly unknown[] }
  | { readonly template: Mutation; readonly query: BatchQuery };

/** The body of `POST /api/atome/batch`. @throws AtomeError `invalid`, `too_complex` */
export function parseBatch(body: unknown, limits: Limits): Batch {
  const fields = new Fields(body);
  const operation = takeOperation(fields, BATCH_OPERATIONS);
  const batch =
    operation === 'create' ? { atomes: takeList(fields, 'atomes') } : takeAltering(fields, operation, limits);
  fields.refuseUnknown().check();
  return batch;
}

function takeAltering(fields: Fields, operation: string, limits: Limits): Batch {
  const isDelete = operation === 'delete';
  const said = { reason: fields.raw('reason'), ...(!isDelete && { operation, changes: fields.raw('changes') }) };
  if (fields.issues.length > 0) fields.check();
  const template = (isDelete ? parseDeleteBody : parseAlterBody)('batch', said, {}, limits);
  if (fields.has('ids')) return { template, ids: takeList(fields, 'ids') };
  const query = takeQuery(fields);
  // a condition that was forgotten must not alter all that there is
  if (Object.keys(query).length === 1) fields.fail('ids', 'is required, or one of where, kind, type, parentId');
  return { template, query };
}

function takeQuery(fields: Fields): BatchQuery {
  const kindText = '1–64 characters of A–Z a–z 0–9 _ . : -';
  return {
    ...(fields.has('kind') && { kind: fields.text('kind', KIND_PATTERN, kindText) }),
    ...(fields.has('type') && { type: fields.text('type', KIND_PATTERN, kindText) }),
    ...(fields.has('parentId') && { parentId: fields.textOrNull('parentId', ID_PATTERN, 'the id of an atome') }),
    ...(fields.has('where') && { where: parseCondition(fields.raw('where')) }),
    limit: fields.integerOr('limit', 1, MAX_BATCH.unsaid, MAX_BATCH.atomes),
  };
}

function takeList(fields: Fields, name: string): readonly unknown[] {
  const value = fields.raw(name);
  if (Array.isArray(value) && value.length <= MAX_BATCH.atomes) return value as unknown[];
  fields.fail(name, `must be an array of at most ${MAX_BATCH.atomes}`);
  return [];
}

/** What may be said before the id of an atome in an opId. @throws AtomeError `invalid` */
export function parseBatchKey(key: string | undefined): string | undefined {
  if (key === undefined || /^[\x21-\x7e]{1,64}$/.test(key)) return key;
  throw invalid([{ path: 'Idempotency-Key', message: 'must be 1–64 visible ASCII characters here' }]);
}

/** How many atomes a batch may be about, as far as its body tells. */
export function atomesIn(body: unknown): number {
  if (!isObject(body)) return 0;
  const { atomes, ids, limit } = body;
  const list = [atomes, ids].find(Array.isArray) as unknown[] | undefined;
  return list?.length ?? (typeof limit === 'number' ? limit : MAX_BATCH.unsaid);
}
