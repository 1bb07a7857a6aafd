import type { AlterationRow, AtomeRow, IdempotencyRecord } from '../../../src/ledger/rows.js';
import type { LedgerStore, PropagationProgress, StartedPropagation } from '../../../src/ledger/store.js';

/* Rows made by hand, for specs of what lies under the writer. A store looks at no hash. */

const hashOf = (seq: number): string => String(seq).padStart(64, '0');
const timeOf = (seq: number): string => new Date(seq * 1_000).toISOString();

export function alterationRow(
  seq: number,
  atomeId: string,
  version: number,
  more: Partial<AlterationRow> = {},
): AlterationRow {
  return {
    seq,
    atomeId,
    version,
    operation: version === 1 ? 'create' : 'update',
    changes: '{}',
    reason: null,
    author: 'somebody',
    sourceClient: null,
    opId: null,
    hlc: '000001700000000000-0000-n',
    timestamp: timeOf(seq),
    superseded: '[]',
    base: 1,
    size: 10,
    snapshot: null,
    salt: '00',
    digest: '00',
    prevHash: hashOf(seq - 1),
    hash: hashOf(seq),
    ...more,
  };
}

export function atomeRow(id: string, seq: number, more: Partial<AtomeRow> = {}): AtomeRow {
  return {
    id,
    kind: 'note',
    type: null,
    data: '{}',
    meta: '{}',
    parentId: null,
    ownerId: 'somebody',
    version: 1,
    createdAt: timeOf(seq),
    updatedAt: timeOf(seq),
    deletedAt: null,
    clocks: '{}',
    seq,
    createdSeq: seq,
    base: 1,
    weight: 0,
    size: 4,
    access: null,
    readers: null,
    heirOf: null,
    ancestors: null,
    ...more,
  };
}

export interface Rows {
  readonly alterations?: readonly AlterationRow[];
  readonly atomes?: readonly AtomeRow[];
  readonly receipts?: readonly (Omit<IdempotencyRecord, 'superseded' | 'timestamp'> & Partial<IdempotencyRecord>)[];
  readonly propagations?: readonly StartedPropagation[];
  readonly progress?: PropagationProgress;
}

/** Commits rows as they are to a tenant's ledger, which is made when there is none. */
export async function putRows(store: LedgerStore, tenant: string, rows: Rows): Promise<void> {
  const { alterations = [], atomes = [], receipts = [], ...more } = rows;
  await store.ledger(tenant).write.open();
  await store.ledger(tenant).write.commit({ atomeIds: [], ops: [] }, ({ head }) => {
    const last = alterations.at(-1);
    const moved = last ? { ...head, seq: last.seq, hash: last.hash, timestamp: last.timestamp } : head;
    const answered = receipts.map((row) => ({ superseded: null, timestamp: timeOf(row.seq), ...row }));
    return { additions: { head: moved, alterations, atomes, receipts: answered, ...more } };
  });
}

/** Each atome with its creation, in the order given. */
export function created(...atomes: readonly AtomeRow[]): Rows {
  return { atomes, alterations: atomes.map(({ id, seq }) => alterationRow(seq, id, 1)) };
}
