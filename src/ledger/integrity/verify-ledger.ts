import { equalJson, fold, hasAllStamps, isRedacted, type AtomeState, type Audience } from '../../protocol/index.js';
import { chainHash, GENESIS_TIME, genesisHash, payloadDigest } from './hash-chain.js';
import { isErased, isWhollyErased } from '../erasure.js';
import { alterationBytes, atomeBytes } from '../row-bytes.js';
import { deltaBytesOf } from '../delta-chain.js';
import { audienceAfter, accessColumns } from '../access-columns.js';
import { KindTotals } from '../kind-totals.js';
import type { AlterationRow, AtomeRow, HeadRow } from '../rows.js';
import { alterationBodyOf, stateOf } from '../row-mapper.js';
import type { TenantLedger } from '../store.js';

/** The first thing wrong with a ledger. */
export interface LedgerFault {
  /** Place in the ledger; undefined when the fault is in the current state of an atome. */
  readonly seq?: number;
  readonly atomeId?: string;
  readonly reason: string;
}

export interface VerifyResult {
  readonly tenant: string;
  readonly alterations: number;
  readonly atomes: number;
  readonly fault: LedgerFault | undefined;
}

const ROWS = 500;
const CHARS = 4 * 1024 * 1024;
/** How many rows of one atome are looked at together; each may be as large as a document. */
const VERSIONS = 32;

/** Walks a tenant's chain from its first row to its head, then compares each atome with what its history folds to. */
export async function verifyLedger(
  ledger: TenantLedger,
  progress: (seq: number, head: number) => void = () => {},
): Promise<VerifyResult> {
  const { tenant } = ledger;
  const head = (await ledger.write.head())!;
  let seq = 0;
  let created = 0;
  let bytes = 0;
  let hash = genesisHash(tenant, head.epoch);
  let timestamp = GENESIS_TIME;
  /** Where atomes were erased, as long as no `redact` has said so. */
  const erased = new Map<string, number>();
  const result = (atomes: number, fault?: LedgerFault): VerifyResult => ({ tenant, alterations: seq, atomes, fault });
  while (seq < head.seq) {
    const rows = await ledger.alterations.page({ after: seq, upTo: head.seq, limit: ROWS, chars: CHARS });
    if (rows.length === 0) return result(0, { seq: seq + 1, reason: 'the row is missing' });
    for (const row of rows) {
      const reason = rowFault(row, seq + 1, hash);
      if (reason) return result(0, { seq: seq + 1, atomeId: row.atomeId, reason });
      seq = row.seq;
      if (row.version === 1) created += 1;
      bytes += alterationBytes(row);
      if (isErased(row)) erased.set(row.atomeId, erased.get(row.atomeId) ?? row.seq);
      if (row.operation === 'redact') erased.delete(row.atomeId);
      hash = row.hash;
      timestamp = row.timestamp;
    }
    progress(seq, head.seq);
  }
  if (hash !== head.hash || timestamp !== head.timestamp) {
    return result(0, { seq, reason: 'the head has another hash or time than the last row' });
  }
  for (const [atomeId, at] of erased) {
    const row = await ledger.atomes.get(atomeId);
    if (row && row.seq > head.seq && isRedacted(stateOf(row))) continue; // since the walk began
    return result(0, { seq: at, atomeId, reason: 'its payload is missing, and no redact accounts for it' });
  }
  return verifyStates(ledger, { created, bytes }, head, result);
}

/** What is wrong with a row that should follow another; undefined when nothing is. */
export function rowFault(row: AlterationRow, seq: number, prevHash: string): string | undefined {
  if (row.seq !== seq) return `the row is missing; the next is ${row.seq}`;
  if (row.prevHash !== prevHash) return 'its prevHash is not the hash of the row before';
  if (isErased(row)) {
    if (row.operation === 'redact' || !isWhollyErased(row)) return 'it is only half erased';
  } else if (payloadDigest(row) !== row.digest)
    return 'its changes, reason or snapshot are not those that were written';
  if (chainHash(prevHash, row, row.digest) !== row.hash) return 'its fields are not those that were written';
  return undefined;
}

async function verifyStates(
  ledger: TenantLedger,
  { created, bytes }: { created: number; bytes: number },
  head: HeadRow,
  result: (atomes: number, fault?: LedgerFault) => VerifyResult,
): Promise<VerifyResult> {
  const upTo = head.seq;
  const kinds = kindsOf(head);
  const stored = { atomes: 0, bytes: bytes + (await ledger.audit.receiptBytes()) };
  let count = 0;
  let newest = upTo;
  for (let after = ''; ;) {
    const rows = await ledger.atomes.after({ after, limit: ROWS, bytes: CHARS, isWhole: true });
    if (rows.length === 0) break;
    for (const row of rows) {
      if (row.createdSeq <= upTo) count += 1;
      newest = Math.max(newest, row.seq);
      if (row.deletedAt === null) stored.atomes += 1;
      stored.bytes += atomeBytes(row);
      kinds?.add(row.kind, row.deletedAt !== null, -1);
      if (row.seq > upTo) continue; // written since the walk began
      if (!(await isFolded(ledger, row)) && !(await isPast(ledger, row.id, upTo))) {
        return result(count, { atomeId: row.id, reason: 'its current state is not what its history says' });
      }
    }
    after = rows.at(-1)!.id;
  }
  const { seq, bytes: bytesNow } = (await ledger.write.head())!;
  if (newest > upTo && newest > seq) {
    return result(count, { reason: `an atome is at seq ${newest}, which the ledger has not reached` });
  }
  if (count !== created) return result(count, { reason: `${created} atomes were created, and ${count} are there` });
  // what was written since the walk began is counted in rows that the head at its begin does not know
  const isExact = stored.atomes === head.atomes && stored.bytes === head.bytes && kinds?.isEmpty;
  const isCounted = newest > upTo || bytesNow !== head.bytes || isExact;
  return result(count, isCounted ? undefined : { reason: 'its head counts other atomes or bytes than are there' });
}

/** undefined when it is no longer what was written, which the caller tells. */
function kindsOf({ kinds }: HeadRow): KindTotals | undefined {
  try {
    return new KindTotals(kinds);
  } catch {
    return undefined;
  }
}

/** Whether an atome has been written to behind `upTo`, perhaps while its history was read. */
async function isPast(ledger: TenantLedger, id: string, upTo: number): Promise<boolean> {
  const row = await ledger.atomes.get(id);
  return row !== undefined && row.seq > upTo;
}

/** Folds the whole history of an atome: its snapshots do not tell when each key was written. */
async function isFolded(ledger: TenantLedger, row: AtomeRow): Promise<boolean> {
  let state: AtomeState | null = null;
  let audience: Audience | undefined;
  let [createdSeq, seq, base, weight] = [0, 0, 0, 0];
  let [erased, redactedAt] = [0, 1];
  let created = '';
  for (let from = 1; from <= row.version; from += VERSIONS) {
    const to = Math.min(row.version, from + VERSIONS - 1);
    const rows = await ledger.alterations.versions(row.id, { from, to });
    if (rows.length === 0) return false;
    for (const each of rows) {
      if (isErased(each)) erased += 1;
      else if (state || each.version === 1 || each.operation === 'redact') {
        const alteration = alterationBodyOf(each);
        state = fold(state, alteration);
        audience = audienceAfter(audience, alteration, state);
      } else return false;
      if (each.operation === 'redact') redactedAt = each.version;
      seq = each.seq;
      createdSeq ||= seq;
      created ||= each.hlc;
      base = each.base;
      weight = base === each.version ? 0 : weight + deltaBytesOf(each.changes);
    }
  }
  const placed = createdSeq === row.createdSeq && seq === row.seq && base === row.base && weight === row.weight;
  const size = atomeBytes(row);
  // what a redact has not erased should be gone
  const isErasedWhole = erased === redactedAt - 1;
  return (
    placed && size === row.size && isErasedWhole && isState(row, state, created) && hasRights(row, state, audience)
  );
}

function hasRights(row: AtomeRow, state: AtomeState | null, audience: Audience | undefined): boolean {
  if (!state || !audience) return false;
  const { access, readers, heirOf } = accessColumns(state, audience);
  return access === row.access && readers === row.readers && heirOf === row.heirOf;
}

function isState(row: AtomeRow, state: AtomeState | null, created: string): boolean {
  try {
    const kept = stateOf(row);
    // where stamps are too many the oldest go, which an earlier version kept: what is kept tells no more than that
    const isExact = !state || hasAllStamps(state, created);
    return equalJson(isExact ? state : { ...state, clocks: kept.clocks }, kept);
  } catch (error) {
    if (error instanceof SyntaxError) return false; // its columns are no longer JSON
    throw error;
  }
}
