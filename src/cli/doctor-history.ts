import type { DatabaseConfig } from '../config/database-environment.js';
import { consumersOf, lastHolder } from '../ledger/compaction/holders.js';
import { oldestKept } from '../ledger/compaction/oldest-kept.js';
import type { SqlStore } from '../ledger/stores/sql.store.js';
import { idleText } from './consumers.js';
import type { Tell } from './finding.js';

const DAY_MS = 86_400_000;

/** Since when alterations are kept, and whether those go that should. */
export async function lookAtHistory(store: SqlStore, { retention }: DatabaseConfig, tell: Tell): Promise<void> {
  const { keepMs = 0, consumersExpireMs } = retention ?? {};
  let first: { readonly tenant: string; readonly kept: string } | undefined;
  let archived = 0;
  for (const tenant of await store.tenants()) {
    const ledger = store.ledger(tenant);
    archived += (await ledger.audit.floor())?.seq ?? 0;
    const kept = await oldestKept(ledger);
    if (kept !== undefined && (!first || kept < first.kept)) first = { tenant, kept };
  }
  const parts = archived > 0 ? `; ${archived} before that are in archives` : '';
  if (!first) return;
  const lateMs = keepMs > 0 ? Date.now() - Date.parse(first.kept) - keepMs : 0;
  if (lateMs < 2 * DAY_MS) return tell('ok', 'history', `alterations are kept since ${first.kept}${parts}`);
  const holder = await lastHolder(store, first.tenant, consumersExpireMs);
  const isHeld = holder && holder.seq < ((await store.ledger(first.tenant).write.head())?.seq ?? 0) - 1;
  const why = isHeld
    ? `it waits for ${holder.name}, which is at seq ${holder.seq}: run that, or atome-sync consumers --drop ${holder.name}`
    : 'run a server with RETENTION, and see its log; or atome-sync compact';
  tell('wrong', 'history', `"${first.tenant}" has alterations since ${first.kept}, longer than RETENTION says: ${why}`);
}

/** Durable consumers that nobody runs hold back what should go. */
export async function lookAtConsumers(store: SqlStore, tell: Tell): Promise<void> {
  for (const { name, lag, dead, idleMs } of await consumersOf(store)) {
    const advice = `run it, or end it with atome-sync consumers --drop ${name}`;
    if (lag > 0 && idleMs !== undefined && idleMs > DAY_MS)
      tell('note', 'consumers', `${name} is ${lag} alterations behind and ${idleText({ idleMs })}: ${advice}`);
    if (dead > 0) tell('note', 'consumers', `${name} has given up ${dead} alterations: see the dead letters`);
  }
}
