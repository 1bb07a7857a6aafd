import type { AlterationRow, IdempotencyRecord } from '../rows.js';
import type { LockedState } from '../store.js';
import { nameOf, UNKNOWN_AUTHOR } from './idempotency.js';

/** What was written before under the names that a group's writes have: by them a repeated one is recognised. */
export class KnownWrites {
  private readonly records = new Map<string, IdempotencyRecord>();
  /** First alteration of each atome that a `create` names, to recognise a repeated create. */
  private readonly creations = new Map<string, AlterationRow>();

  constructor({ receipts, creations }: Pick<LockedState, 'receipts' | 'creations'>) {
    for (const row of receipts) this.record(row);
    for (const row of creations) this.created(row);
  }

  /** What was written under an opId first; a receipt that is older than authors is anybody's. */
  recordOf(opId: string | null, author: string): IdempotencyRecord | undefined {
    if (opId === null) return undefined;
    return this.records.get(nameOf({ opId, author })) ?? this.records.get(nameOf({ opId, author: UNKNOWN_AUTHOR }));
  }

  creationOf(atomeId: string): AlterationRow | undefined {
    return this.creations.get(atomeId);
  }

  /** Of one that the server has completed there are two: its receipt says what was asked for, its alteration what came of it. */
  record(record: IdempotencyRecord): void {
    const name = nameOf(record);
    const other = this.records.get(name);
    const [asked, came] = record.superseded === null ? [record, other] : [other, record];
    this.records.set(name, asked && came ? { ...asked, superseded: came.superseded } : record);
  }

  created(row: AlterationRow): void {
    this.creations.set(row.atomeId, row);
  }
}
