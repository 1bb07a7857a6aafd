import { eventOf } from '../feed/entry.js';
import type { Committed } from '../ledger/outcome.js';
import type { TenantEvent } from './consumer-options.js';

/** Of an alteration whose payload has been erased, that is all there is to tell. */
export function eventFor(tenant: string, committed: Committed): TenantEvent {
  if (!committed.erased) return { tenant, ...eventOf(committed) };
  const { seq, timestamp, sourceClient, opId, atomeId } = committed.alteration;
  return { tenant, type: 'atome:deleted', atomeId, redacted: true, sourceClient, timestamp, seq, opId };
}
