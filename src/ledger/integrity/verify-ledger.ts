import { equalJson, hasAllStamps, isRedacted, type AtomeState, type Audience } from '../../protocol/index.js';
import { chainHash, GENESIS_TIME, genesisHash, payloadDigest } from './hash-chain.js';
import { isErased, isWhollyErased } from '../erasure.js';
import { alterationBytes, atomeBytes } from '../row-bytes.js';
import { accessColumns } from '../access-columns.js';
import { signatureFault, statesAt } from '../compaction/checkpoint.js';
import { baseDigest, isErasedBase, standingAfter, standingOf, type Standing } from '../compaction/standing.js';
import { KindTotals } from '../kind-totals.js';
import type { AlterationRow, AtomeRow, FloorRow, HeadRow } from '../rows.js';
import { stateOf } from '../row-mapper.js';
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
  /** The walk began behind it, where a signed statement says what stood there. */
  readonly floor?: number;
  readonly fault: LedgerFault | undefined;
}

const ROWS = 500;
const CHARS = 4 * 1024 * 1024;
/** How many rows of one atome are looked at together; each may be as large as a document. */
const VERSIONS = 32;

/**
 * Walks a tenant's chain from its first row, or from its floor, to its head, then compares each atome with what its history folds to.
 * @param trusted public keys that its floor may be signed with; left out: any.
 */
export async function verifyLedger(
  ledger: TenantLedger,
  progress: (seq: number, head: number) => void = () => {},
  trusted?: readonly string[],
): Promise<VerifyResult> {
  for (;;) {
    // the floor first: rows that have gone since are then below the head's
    const floor = await ledger.audit.floor();
    const result = await walk(ledger, floor, progress, trusted);
    // what it was compared with may have gone into an archive meanwhile
    if (!result.fault || (await ledger.audit.floor())?.signature === floor?.signature) return result;
  }
}

async function walk(
  ledger: TenantLedger,
  floor: FloorRow | undefined,
  progress: (seq: number, head: number) => void,
  trusted: readonly string[] | undefined,
): Promise<VerifyResult> {
  const { tenant } = ledger;
  const head = (await ledger.write.head())!;
  let seq = floor?.seq ?? 0;
  let created = floor?.atomes ?? 0;
  let bytes = 0;
  let hash = floor?.hash ?? genesisHash(tenant, head.epoch);
  let timestamp = floor?.timestamp ?? GENESIS_TIME;
  /** Where atomes were erased, as long as no `redact` has said so. */
  const erased = new Map<string, number>();
  const result = (atomes: number, fault?: LedgerFault): VerifyResult => {
    return { tenant, alterations: seq, atomes, ...(floor && { floor: floor.seq }), fault };
  };
  const unfit = floor && (await floorFault(ledger, head, floor, trusted));
  if (unfit) return result(0, { seq, reason: unfit });
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
  const other = await ledger.audit.otherBytes(floor?.seq ?? 0);
  return verifyStates(ledger, { created, bytes: bytes + other, floor: floor?.seq ?? 0 }, head, result);
}

/** What is wrong with what is said of a floor. */
async function floorFault(
  { tenant, bases }: TenantLedger,
  { epoch, seq }: HeadRow,
  floor: FloorRow,
  trusted?: readonly string[],
): Promise<string | undefined> {
  const fault = signatureFault(tenant, epoch, floor, trusted);
  if (fault) return fault;
  if (floor.seq >= seq) return 'its floor is not below its head';
  const { states, atomes } = await statesAt(bases, floor.seq);
  if (states === floor.states && atomes === floor.atomes) return undefined;
  return 'the states at its floor are not those that were signed';
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
  { created, bytes, floor }: { created: number; bytes: number; floor: number },
  head: HeadRow,
  result: (atomes: number, fault?: LedgerFault) => VerifyResult,
): Promise<VerifyResult> {
  const upTo = head.seq;
  const kinds = kindsOf(head);
  const stored = { atomes: 0, bytes };
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
      if (!(await isFolded(ledger, row, floor)) && !(await isPast(ledger, row.id, upTo))) {
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

/** Folds the whole history of an atome, or what is of it behind the floor: its snapshots do not tell when each key was written. */
async function isFolded(ledger: TenantLedger, row: AtomeRow, floor: number): Promise<boolean> {
  const base = row.createdSeq <= floor ? await ledger.bases.at(row.id, floor) : undefined;
  if (row.createdSeq <= floor && !base) return false;
  if (base && !isErasedBase(base) && baseDigest(base) !== base.digest) return false;
  let standing: Standing | undefined = base && standingOf(base);
  const first = (base?.version ?? 0) + 1;
  let erased = 0;
  let redactedAt: number | undefined;
  for (let from = first; from <= row.version; from += VERSIONS) {
    const to = Math.min(row.version, from + VERSIONS - 1);
    const rows = await ledger.alterations.versions(row.id, { from, to });
    if (rows.length === 0) return false;
    for (const each of rows) {
      if (isErased(each)) erased += 1;
      // there is something that it was folded onto
      else if (!standing?.known && each.version !== 1 && each.operation !== 'redact') return false;
      standing = standingAfter(standing, each);
      if (each.operation === 'redact') redactedAt = each.version;
    }
  }
  if (!standing?.known) return false;
  const { known, createdSeq, seq, weight, created } = standing;
  const placed =
    createdSeq === row.createdSeq && seq === row.seq && standing.base === row.base && weight === row.weight;
  const size = atomeBytes(row);
  // what a redact has not erased should be gone
  const isErasedWhole =
    erased === (redactedAt ?? first) - first && (!base || isErasedBase(base) === (redactedAt !== undefined));
  return (
    placed &&
    size === row.size &&
    isErasedWhole &&
    isState(row, known.state, created) &&
    hasRights(row, known.state, known.audience)
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
