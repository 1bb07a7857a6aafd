import type { Where } from '../../../src/protocol/index.js';
import type { Predicate } from '../query/query.js';

/** Which atomes a client holds. What leaves it leaves the store. */
export interface Subscription {
  /** Of one of these kinds. Default: of any. */
  readonly kinds?: readonly string[] | undefined;
  /** One of these. Default: any. */
  readonly ids?: readonly string[] | undefined;
  /** null: those without a parent. */
  readonly parentId?: string | null | undefined;
  /** Those of which it is true. */
  readonly where?: Where | Predicate | undefined;
}
