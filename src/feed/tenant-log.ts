import type { HeadRow } from '../ledger/rows.js';
import type { AccessRules } from '../protocol/index.js';
import { BatchSource } from './batch-source.js';
import { ConditionBudget } from './condition-budget.js';
import { LedgerTail, type FeedParts } from './ledger-tail.js';

/** One tenant's alterations in one order, for all readers of this node. */
export interface TenantLog {
  readonly tail: LedgerTail;
  readonly batches: BatchSource;
  /** What decides who may read an entry. */
  readonly rules: AccessRules;
  /** Bounds the conditions that are followed. */
  readonly conditions: ConditionBudget;
}

export function openTenantLog(tenant: string, head: HeadRow, parts: FeedParts): TenantLog {
  const tail = new LedgerTail(tenant, head, parts);
  return { tail, batches: new BatchSource(tail, parts), rules: parts.rules, conditions: new ConditionBudget() };
}
