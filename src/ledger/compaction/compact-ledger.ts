import { keptOfChanges, nameOf } from '../write/idempotency.js';
import { receiptBytes } from '../row-bytes.js';
import type { AlterationRow, BaseRow, FloorRow, HeadRow, IdempotencyRecord } from '../rows.js';
import type { Compaction, LeaseName } from '../bases.js';
import type { Additions, LockedState, TenantLedger } from '../store.js';
import { archiveFault, CompactionError, writeArchive } from './archive.js';
import { baseDigest, baseOf, isErasedBase, standingAfter, standingOf, type Standing } from './standing.js';
import { signatureFault, signedFloor, statesAt, type LedgerKey } from './checkpoint.js';

const ROWS = 250;
const CHARS = 1024 * 1024;
/** How many rows one transaction takes that are small. */
const MANY = 1_000;

/** How a ledger is compacted. */
export interface CompactionParts {
  readonly ledger: TenantLedger;
  /** Where archives go. */
  readonly folder: string;
  readonly key: LedgerKey;
  /** Public keys that the floor before may be signed with, beside that of `key`. */
  readonly trusted?: readonly string[];
  /** Whose the floor is not set without. */
  readonly lease?: LeaseName;
  /** Is awaited between transactions, with what is done and how far it is: may take its time, or throw to end it. */
  readonly keepOn?: (step: 'archive' | 'states' | 'drop', seq: number) => Promise<void>;
}

/** What has come of it. */
export interface Compacted {
  readonly tenant: string;
  readonly floor: number;
  /** How many alterations have gone into an archive now. */
  readonly archived: number;
  /** Its name; left out: there is no new one. */
  readonly archive?: string;
}

/**
 * Moves the alterations up to a seq into an archive. Whenever it is interrupted the ledger is sound, and to call it again goes on:
 * first the archive is on the disk, then the states at the new floor are in the database, then the floor is set, then rows go.
 * The newest alteration always stays. @throws CompactionError where the ledger is not as it was written.
 */
export async function compactLedger(parts: CompactionParts, upTo: number): Promise<Compacted> {
  const compaction = new LedgerCompaction(parts);
  return compaction.run(upTo);
}

class LedgerCompaction {
  private readonly ledger: TenantLedger;
  private readonly keepOn: NonNullable<CompactionParts['keepOn']>;

  constructor(private readonly parts: CompactionParts) {
    this.ledger = parts.ledger;
    this.keepOn = parts.keepOn ?? (() => Promise.resolve());
  }

  async run(wanted: number): Promise<Compacted> {
    const { tenant } = this.ledger;
    const head = await this.ledger.write.head();
    if (!head) return { tenant, floor: 0, archived: 0 };
    const floor = await this.ledger.audit.floor();
    this.requireSigned(head, floor);
    // what an earlier call has left
    if (floor) await this.drop(floor);
    const from = floor?.seq ?? 0;
    const upTo = Math.min(wanted, head.seq - 1);
    if (upTo <= from) return { tenant, floor: from, archived: 0 };
    const archived = await writeArchive(this.parts.folder, {
      ...{ ledger: this.ledger, epoch: head.epoch, floor, upTo },
      keepOn: (seq) => this.keepOn('archive', seq),
    });
    await this.makeStates(from, upTo);
    const states = await statesAt(this.ledger.bases, upTo, () => this.keepOn('states', upTo));
    await this.drop(await this.setFloor(head, { seq: upTo, previous: from, ...states, ...archived }));
    return { tenant, floor: upTo, archived: upTo - from, archive: archived.archive };
  }

  /** What is built on a floor vouches for it. */
  private requireSigned({ epoch }: HeadRow, floor: FloorRow | undefined): void {
    const { key, trusted = [] } = this.parts;
    const fault = floor && signatureFault(this.ledger.tenant, epoch, floor, [key.publicKey, ...trusted]);
    if (fault) throw new CompactionError(`${this.ledger.tenant}: ${fault}`);
  }

  /** Makes the states at a seq out of those at the floor, and of what came since. */
  private async makeStates(floor: number, upTo: number): Promise<void> {
    const { bases, alterations } = this.ledger;
    let seq = Math.max(floor, await bases.newest());
    if (seq > upTo) {
      // an earlier call was to come further: those it has replaced cannot be had from it
      await this.replace(await this.unfinished(floor));
      seq = floor;
    }
    while (seq < upTo) {
      const rows = await alterations.page({ after: seq, upTo, limit: ROWS, chars: CHARS });
      const last = rows.at(-1);
      if (rows[0]?.seq !== seq + 1 || !last) throw this.missing(seq + 1);
      const { made, replaces } = await this.folded(rows, floor);
      await this.commit({ bases: made, replaces });
      seq = last.seq;
      await this.keepOn('states', seq);
    }
  }

  /** Each atome as it is after the last of its rows. */
  private async folded(
    rows: readonly AlterationRow[],
    floor: number,
  ): Promise<{ made: BaseRow[]; replaces: number[] }> {
    const standings = new Map<string, Standing>();
    const replaces: number[] = [];
    for (const row of rows) {
      const { atomeId, version } = row;
      let before = standings.get(atomeId);
      if (!before && version > 1) {
        const base = await this.ledger.bases.of(atomeId, version - 1);
        if (base?.version !== version - 1) throw this.missing(row.seq, atomeId);
        if (!isErasedBase(base) && baseDigest(base) !== base.digest) throw this.missing(base.seq, atomeId);
        before = standingOf(base);
        // those at the floor stay until another is set
        if (base.seq > floor) replaces.push(base.seq);
      }
      standings.set(atomeId, standingAfter(before, row));
    }
    return { made: [...standings].map(([atomeId, standing]) => baseOf(atomeId, standing)), replaces };
  }

  private missing(seq: number, atomeId?: string): CompactionError {
    const what = atomeId === undefined ? 'the alteration is missing' : `what "${atomeId}" was before cannot be told`;
    return new CompactionError(`${this.ledger.tenant}, seq ${seq}: ${what}; run atome-sync verify`);
  }

  private async unfinished(floor: number): Promise<number[]> {
    const seqs: number[] = [];
    for (let after = floor; ;) {
      const rows = await this.ledger.bases.digests({ after, upTo: Number.MAX_SAFE_INTEGER, limit: MANY });
      if (rows.length === 0) return seqs;
      seqs.push(...rows.map(({ seq }) => seq));
      after = rows.at(-1)!.seq;
    }
  }

  private async setFloor(head: HeadRow, floor: Parameters<typeof signedFloor>[2]): Promise<FloorRow> {
    const { tenant } = this.ledger;
    const signed = signedFloor(tenant, head.epoch, floor, this.parts.key);
    const { lease } = this.parts;
    await this.commit({ floor: signed, ...(lease && { lease }) }, ({ head: now }) => {
      if (now.epoch !== head.epoch || now.seq <= floor.seq)
        throw new CompactionError(`${tenant}: another ledger has been put in its place meanwhile`);
    });
    if ((await this.ledger.audit.floor())?.signature !== signed.signature)
      throw new CompactionError(`${tenant}: another has compacted it meanwhile`);
    return signed;
  }

  /** Takes away what is below a floor that is set: receipts stay in the place of alterations with an opId. */
  private async drop(at: FloorRow): Promise<void> {
    const floor = at.seq;
    for (let after = 0; after < floor;) {
      const rows = await this.ledger.alterations.page({ after, upTo: floor, limit: MANY, chars: CHARS });
      const last = rows.at(-1);
      if (!last) break;
      if (after === 0) await this.requireArchive(at);
      const ops = rows.filter((row): row is AlterationRow & { opId: string } => row.opId !== null);
      const times = new Map(rows.map(({ seq, timestamp }) => [seq, timestamp]));
      await this.ledger.write.commit({ atomeIds: [], ops }, (before) => ({
        additions: receiptsFor(before, times, { after, upTo: last.seq }),
      }));
      after = last.seq;
      await this.keepOn('drop', after);
    }
    for (;;) {
      const seqs = await this.ledger.bases.replaced(floor, MANY);
      if (seqs.length === 0) return;
      await this.replace(seqs);
    }
  }

  /** Read again before anything goes: what was killed may have been so long ago. */
  private async requireArchive(floor: FloorRow): Promise<void> {
    const { folder } = this.parts;
    const fault = await archiveFault(folder, floor);
    if (fault === undefined) return;
    const text = `the archive ${floor.archive} in ${folder} ${fault}: nothing is dropped before it is there again`;
    throw new CompactionError(`${this.ledger.tenant}: ${text}`);
  }

  private async replace(seqs: readonly number[]): Promise<void> {
    for (let at = 0; at < seqs.length; at += MANY) {
      await this.commit({ replaces: seqs.slice(at, at + MANY) });
      await this.keepOn('states', seqs[at]!);
    }
  }

  private async commit(compaction: Compaction, check: (before: LockedState) => void = () => undefined): Promise<void> {
    await this.ledger.write.commit({ atomeIds: [], ops: [] }, (before) => {
      check(before);
      return { additions: { head: before.head, alterations: [], atomes: [], receipts: [], compaction } };
    });
  }
}

/** Drops a range, and keeps what its writes were answered. What is read under the lock is erased where it had to be. */
function receiptsFor(
  { head, receipts: known }: LockedState,
  times: ReadonlyMap<number, string>,
  drops: NonNullable<Compaction['drops']>,
): Additions {
  const asked = new Set(known.filter(({ superseded }) => superseded === null).map(nameOf));
  const altered = known.filter(({ superseded, seq }) => superseded !== null && times.has(seq));
  const settles = altered.filter((row) => asked.has(nameOf(row)));
  const receipts: IdempotencyRecord[] = altered
    .filter((row) => !asked.has(nameOf(row)))
    .map((row) => ({ ...row, changes: keptOfChanges(row.operation, row.changes) }));
  const added = receipts.reduce((sum, row) => sum + receiptBytes(row), 0);
  const bytes = settles.reduce((sum, { superseded }) => sum + Buffer.byteLength(superseded!), head.bytes + added);
  return { head: { ...head, bytes }, alterations: [], atomes: [], receipts, compaction: { drops, settles } };
}
