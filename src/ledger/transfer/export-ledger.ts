import { genesisHash } from '../integrity/hash-chain.js';
import { isErased } from '../erasure.js';
import type { HeadRow, PropagationRow, IdempotencyRecord } from '../rows.js';
import { PROPAGATION_COLUMNS, RECEIPT_COLUMNS } from '../stores/columns.js';
import { numbers } from '../stores/read-rows.js';
import type { SqlDatabase } from '../stores/sql.part.js';
import type { TenantLedger } from '../store.js';
import type { OpenPropagation, TransferLine } from './lines.js';

const ROWS = 500;
const CHARS = 4 * 1024 * 1024;

/** One statement, so that both are of the same moment: what is told of a change later has a later seq. */
const SELECT_START = `SELECT l.seq AS "head", p.* FROM atome_ledgers AS l
  LEFT JOIN (SELECT tenant AS "whose", ${PROPAGATION_COLUMNS} FROM atome_propagations) AS p ON p."whose" = l.tenant
  WHERE l.tenant = ?`;
const SELECT_RECEIPTS = `SELECT ${RECEIPT_COLUMNS} FROM atome_receipts
  WHERE tenant = ? AND (author, op_id) > (?, ?) ORDER BY author, op_id LIMIT ${ROWS}`;

/** A ledger cannot be exported whole; the message says why. */
export class ExportError extends Error {}

export interface ExportOptions {
  readonly ledger: TenantLedger;
  readonly database: Pick<SqlDatabase, 'query'>;
  /** What has been exported already. */
  readonly after: number;
  readonly progress: (seq: number, head: number) => void;
}

/** The lines of a tenant's ledger as it is when the last is read; it may be written to meanwhile. */
export async function* exportLedger({
  ledger,
  database,
  after,
  progress,
}: ExportOptions): AsyncGenerator<TransferLine> {
  const { tenant } = ledger;
  const { epoch } = (await ledger.write.head())!;
  yield { type: 'ledger', tenant, epoch, after };
  let seq = after;
  let hash = after === 0 ? genesisHash(tenant, epoch) : ((await ledger.audit.hashAt(after)) ?? '');
  /** Atomes of which rows are erased, as long as the `redact` that has done it is not among the lines. */
  const erased = new Set<string>();
  for (;;) {
    const { head, propagations } = await startOf(database, tenant);
    while (seq < head) {
      const rows = await ledger.alterations.page({ after: seq, upTo: head, limit: ROWS, chars: CHARS });
      if (rows[0]?.seq !== seq + 1) throw new ExportError(await whyMissing(ledger, seq + 1));
      for (const row of rows) {
        yield { type: 'alteration', row };
        if (isErased(row)) erased.add(row.atomeId);
        else if (row.operation === 'redact') erased.delete(row.atomeId);
        ({ seq, hash } = row);
      }
      progress(seq, head);
    }
    // one that was erased since the walk began is told by what comes behind it
    if (erased.size > 0 && (await ledger.write.head())!.seq > seq) continue;
    yield* receiptsOf(database, tenant, seq);
    yield { type: 'end', tenant, seq, hash, propagations };
    return;
  }
}

async function whyMissing({ tenant, audit }: TenantLedger, seq: number): Promise<string> {
  const floor = (await audit.floor())?.seq ?? 0;
  const what = floor >= seq ? 'has gone into an archive meanwhile: try again' : 'is missing: run atome-sync verify';
  return `${tenant}: the alteration ${seq} ${what}`;
}

type StartRow = { readonly head: unknown } & Partial<PropagationRow>;

async function startOf(
  database: Pick<SqlDatabase, 'query'>,
  tenant: string,
): Promise<{ head: HeadRow['seq']; propagations: OpenPropagation[] }> {
  const rows = (await database.query(tenant, SELECT_START, [tenant])) as StartRow[];
  const propagations = rows
    .filter(({ parentId }) => parentId != null)
    .map(({ parentId, seq, author, origin }) => ({
      parentId: parentId!,
      seq: Number(seq),
      author: author!,
      origin: origin!,
    }));
  return { head: Number(rows[0]!.head), propagations };
}

async function* receiptsOf(
  database: Pick<SqlDatabase, 'query'>,
  tenant: string,
  upTo: number,
): AsyncGenerator<TransferLine> {
  for (let after: readonly [string, string] = ['', '']; ;) {
    const rows = (await database.query(tenant, SELECT_RECEIPTS, [tenant, ...after])) as IdempotencyRecord[];
    for (const row of rows) {
      const receipt = numbers(row, ['seq']);
      if (receipt.seq <= upTo) yield { type: 'receipt', row: receipt };
    }
    const last = rows.at(-1);
    if (!last) return;
    after = [last.author, last.opId];
  }
}
