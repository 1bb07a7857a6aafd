import { AtomeError } from '../../protocol/index.js';
import type { LockedState, Planned } from '../store.js';
import type { GroupPlan, WriteRequest } from './decide-write.js';
import { nameOf } from './idempotency.js';

/**
 * What a group comes to that is part of a transaction of an application's. A refusal takes that back, and so does a
 * repetition: what it wrote the first time was committed with these alterations, so that all of them are known, or none.
 */
export function joinedPlan<P extends GroupPlan>(
  { receipts }: LockedState,
  requests: readonly WriteRequest[],
  plan: P,
): P & Planned {
  const isRefused = plan.outcomes.some((outcome) => outcome instanceof AtomeError);
  if (isRefused || receipts.length === 0) return { ...plan, isRefused };
  const known = new Set(receipts.map(nameOf));
  const named = requests.filter(({ mutation }) => mutation.opId !== null);
  const repeated = named.filter(({ mutation: { opId }, origin }) =>
    known.has(nameOf({ opId: opId!, author: origin.principal.id })),
  );
  if (repeated.length === 0) return plan;
  const outcomes = repeated.length === named.length ? plan.outcomes : plan.outcomes.map(reused);
  return { ...plan, outcomes, committed: [], additions: null, isRefused: true };
}

function reused(): AtomeError {
  const text = 'the idempotencyKey belongs to another transaction of yours; use a fresh one for each';
  return new AtomeError('op_reused', text);
}
