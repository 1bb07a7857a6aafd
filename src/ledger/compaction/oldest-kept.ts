import type { TenantLedger } from '../store.js';

/** When the oldest alteration was written that may go and is not in an archive yet; undefined where there is none: the newest always stays. */
export async function oldestKept({ audit, write, alterations }: TenantLedger): Promise<string | undefined> {
  const floor = (await audit.floor())?.seq ?? 0;
  const head = await write.head();
  if (!head || head.seq <= floor + 1) return undefined;
  const [row] = await alterations.page({ after: floor, upTo: floor + 1, limit: 1, chars: 1 });
  return row?.timestamp;
}
