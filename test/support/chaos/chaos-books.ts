import BetterSqlite3 from 'better-sqlite3';
import type { RejectedWrite } from '../../../client/src/index.js';

/** A write that a client was asked for, and what became of it as far as it knows. */
export interface Booked {
  readonly n: number;
  readonly by: string;
  readonly operation: string;
  readonly atomeId: string;
  opId?: string;
  /** `kept`: promised; `held`: in memory alone; `failed`: no promise was made, and it may be there all the same. */
  fate: 'asked' | 'kept' | 'held' | 'failed';
}

/** Why a write need be nowhere. */
type Excuse = 'discarded' | 'retried';

/** One row of the ledger. */
export interface Row {
  readonly seq: number;
  readonly opId: string | null;
  readonly atomeId: string;
  readonly operation: string;
  readonly changes: string;
  readonly timestamp: string;
}

/** What may change nothing, so that no row comes of it. */
const IDLE = ['delete', 'restore', 'share'];

/** Balances what was asked for against the ledger and what was refused. */
export class ChaosBooks {
  private readonly all: Booked[] = [];
  /** By opId, which may be known here before whoever wrote it is told. */
  private readonly excused = new Map<string, Excuse>();
  /** Rows that may be there without a name here: writes that came back with one that was retried. */
  unnamed = 0;
  /** A copy of the database took its place: what builds on a create that is refused since is refused with it, also what was taken again. */
  isPutBack = false;

  book(entry: Omit<Booked, 'fate'>, written: Promise<{ readonly opId: string; readonly durable?: false }>): Booked {
    const booked: Booked = { ...entry, fate: 'asked' };
    this.all.push(booked);
    void written.then(
      ({ opId, durable }) => Object.assign(booked, { opId, fate: durable === false ? 'held' : 'kept' }),
      () => (booked.fate = 'failed'),
    );
    return booked;
  }

  /** How many writes have no answer yet. */
  get unanswered(): number {
    return this.all.filter(({ fate }) => fate === 'asked').length;
  }

  /** The program of a seat has died: what it was not told, nobody has promised. */
  died(by: string): void {
    for (const booked of this.all) if (booked.by === by && booked.fate === 'asked') booked.fate = 'failed';
  }

  excuse(opIds: readonly string[], excuse: Excuse): void {
    for (const opId of opIds) this.excused.set(opId, excuse);
  }

  /** @param late what was refused before another copy of it was taken. @returns what is wrong, a sentence each. */
  audit(rows: readonly Row[], rejected: readonly RejectedWrite[], late: ReadonlySet<string> = new Set()): string[] {
    const named = rows.filter(({ opId }) => opId !== null);
    const inLedger = new Map(named.map((row) => [row.opId, row]));
    const refused = new Set(rejected.map(({ operation }) => operation.opId));
    const told = new Set(this.all.map(({ opId }) => opId));
    const wrong: string[] = [];
    rows.forEach(({ seq }, i) => seq === i + 1 || wrong.push(`row ${i + 1} of the ledger has seq ${seq}`));
    if (inLedger.size < named.length)
      wrong.push(`doubled: ${named.length - inLedger.size} rows have the opId of another`);
    for (const opId of refused) {
      if (inLedger.has(opId) && !this.isPutBack && !late.has(opId))
        wrong.push(`refused, and in the ledger at ${inLedger.get(opId)!.seq}: ${opId}`);
    }
    for (const { n, by, operation, atomeId, opId, fate } of this.all) {
      if (fate === 'asked') wrong.push(`write ${n} of ${by} was never answered`);
      if (fate !== 'kept' || IDLE.includes(operation)) continue;
      if (this.excused.has(opId!) || inLedger.has(opId!) || refused.has(opId!)) continue;
      wrong.push(`lost: write ${n} of ${by}, ${operation} ${atomeId}, ${opId}`);
    }
    const strange = named.filter(({ opId }) => !told.has(opId!)).length;
    const most = this.unnamed + this.all.filter(({ fate }) => fate === 'failed').length;
    if (strange > most) wrong.push(`${strange} rows have an opId that nobody was told, and at most ${most} may`);
    return wrong;
  }

  /** What there was of each. */
  summary(rows: readonly Row[], rejected: readonly RejectedWrite[]): string {
    const fates = this.all.map(({ fate, opId }) => this.excused.get(opId!) ?? fate);
    const count = (fate: string): string => `${fates.filter((each) => each === fate).length} ${fate}`;
    const parts = ['kept', 'held', 'failed', 'discarded', 'retried'].map(count).join(', ');
    return `${this.all.length} writes: ${parts}; ${rows.length} in the ledger, ${rejected.length} refused`;
  }
}

/** All rows of the ledger of a server, read beside it. */
export function rowsOf(file: string): Row[] {
  const db = new BetterSqlite3(file, { readonly: true });
  try {
    const columns = 'seq, op_id AS opId, atome_id AS atomeId, operation, changes, timestamp';
    return db.prepare(`SELECT ${columns} FROM atome_alterations ORDER BY seq`).all() as Row[];
  } finally {
    db.close();
  }
}
