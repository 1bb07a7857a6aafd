import type pg from 'pg';
import type { AlterationRow, HeadRow, IdempotencyRecord } from '../../rows.js';
import { LedgerGone } from '../../store-error.js';
import type { Additions, LockedState, TouchedKeys } from '../../store.js';
import type { Param } from '../columns.js';
import { compactionStatements } from '../compaction.sql.js';
import { propagationStatements } from '../inheritance.sql.js';
import {
  alterationRow,
  atomeRow,
  headRow,
  missingDocuments,
  numbers,
  withDocuments,
  type ReadDocumentRow,
} from '../read-rows.js';
import * as sql from '../sql.js';
import { together } from './postgres.client.js';
import { countDescendants, findParents, readAtomes, type ReadRows } from './postgres.relatives.js';
import {
  ADD,
  ADD_BASES,
  addParams,
  LOCK_HEAD,
  PAIRS_OF,
  SELECT_CREATIONS,
  SELECT_DOCUMENTS,
  SELECT_RECEIPTS,
  type Decided,
} from './postgres.sql.js';

/* What a group asks in its transaction, on whichever connection that is. */

/** Sends a statement of ours; one with a name may be prepared. */
export type Ask = (text: string, values: readonly Param[], name?: string) => Promise<pg.QueryResult>;

/** The lock is held: that the head is not moved would lose what was to be added. */
function requireMoved({ rowCount }: pg.QueryResult): void {
  if (rowCount !== 1) throw new Error('the head of a ledger was moved, though it was locked');
}

/**
 * Locks the head, in one round trip with all that is read whatever the rights.
 * @param begun what was sent before, and begins the transaction.
 */
export async function readGroup(
  ask: Ask,
  tenant: string,
  touched: TouchedKeys,
  begun: readonly Promise<unknown>[],
): Promise<LockedState> {
  const { atomeIds, ops } = touched;
  const rows: ReadRows = async <Row>(text: string, values: readonly Param[], name?: string): Promise<Row[]> =>
    (await ask(text, values, name)).rows as Row[];
  // the lock first: what is read after it cannot be older than what the last holder committed
  const locked = rows<HeadRow>(LOCK_HEAD, [tenant], 'lock head');
  const read = [
    readAtomes(rows, tenant, atomeIds, touched),
    ops.length === 0
      ? Promise.resolve([])
      : rows<IdempotencyRecord>(SELECT_RECEIPTS, sql.receiptParams(tenant, ops), 'receipts'),
  ] as const;
  await together([...begun, locked, ...read]);
  const [head] = await locked;
  if (!head) throw new LedgerGone(tenant);
  const [atomes, receipts] = await Promise.all(read);
  const found = await findParents(rows, tenant, atomes.map(atomeRow), touched);
  const missing = missingDocuments(found, touched);
  const documents =
    missing.length === 0
      ? []
      : await rows<ReadDocumentRow>(SELECT_DOCUMENTS, [JSON.stringify(missing), tenant], 'documents');
  const met = sql.met(touched, atomes);
  const creations =
    met.length === 0 ? [] : await rows<AlterationRow>(SELECT_CREATIONS, [JSON.stringify(met), tenant], 'creations');
  return {
    head: headRow(head),
    creations: creations.map(alterationRow),
    ...withDocuments(found, documents),
    receipts: receipts.map((row) => numbers(row, ['seq'])),
    ...(await countDescendants(rows, tenant, found, touched)),
  };
}

/**
 * Adds what was decided on a head that is not locked, if that is still where it was, and all is absent that was taken to be.
 * @returns whether it was.
 */
export async function addFenced(ask: Ask, tenant: string, before: Decided, additions: Additions): Promise<boolean> {
  const { rowCount } = await ask(ADD, addParams(tenant, before, additions), 'add');
  return rowCount === 1;
}

/**
 * Sends what there is to add to a head that is locked. A COMMIT may be sent behind one statement, but not behind several: see
 * {@link together}.
 */
export function addGroup(ask: Ask, tenant: string, head: HeadRow, additions: Additions): Promise<unknown>[] {
  const sent: Promise<unknown>[] = [ask(ADD, addParams(tenant, { head }, additions), 'add').then(requireMoved)];
  // behind it: what this group adds to an atome that it also erases is erased with the rest
  for (const each of additions.erased ?? []) {
    const params = sql.eraseParams(tenant, each);
    sent.push(...sql.ERASE.map((statement) => ask(statement, params)));
  }
  for (const { sql: text, params } of propagationStatements(tenant, additions)) sent.push(ask(text, params));
  const bases = additions.compaction?.bases ?? [];
  if (bases.length > 0) sent.push(ask(ADD_BASES, [tenant, JSON.stringify(bases)]));
  for (const { sql: text, params } of compactionStatements(tenant, additions, PAIRS_OF)) sent.push(ask(text, params));
  return sent;
}
