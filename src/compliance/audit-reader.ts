import type { AsOfPoint } from '../http/as-of.js';
import { isErased } from '../ledger/erasure.js';
import type { LedgerReads } from '../application/ledger-reads.js';
import type { Waiting } from '../auth/admission/fair-slots.js';
import type { Principal } from '../protocol/index.js';
import { turn } from '../ledger/turns.js';
import type { SeqRange, AuditFilter, AuditRow } from '../ledger/audit-trail.js';

/** Who did what, when, from where and why: an alteration without what it changed. */
export interface AuditEntry extends Omit<AuditRow, 'salt' | 'ownerId'> {
  /** Its payload has been erased. */
  readonly redacted?: true;
}

export interface AuditEntriesQuery extends AuditFilter, SeqRange {
  readonly newestFirst: boolean;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** Where to go on; null at the end. */
  readonly next: number | null;
}

/** Rows that one query reads, so that no audit holds up other queries for long. */
const RANGE_SEQS = 2_000;
/** Rows that are walked for one page; it may end up empty, and is to be continued then. */
const MOST_WALKED = 100_000;

/** The audit trail. The ledger has no index for it, which would make writes slower: it is read in ranges of seqs. */
export class AuditReader {
  constructor(private readonly reads: LedgerReads) {}

  /** One page; `next` takes the place of `after`, or of `upTo` where the newest come first. */
  async page(by: Principal, query: AuditEntriesQuery, limit: number, waiting?: Waiting): Promise<AuditPage> {
    const { audit } = this.reads.ledgerOf(by, waiting);
    const entries: AuditEntry[] = [];
    for (const part of seqRanges(query)) {
      await turn();
      const rows = await audit.rows({ ...query, ...part, limit: limit - entries.length });
      entries.push(...rows.map(auditEntryOf));
      const isFull = entries.length === limit;
      const done = isFull ? entries.at(-1)!.seq : query.newestFirst ? part.after + 1 : part.upTo;
      const walked = query.newestFirst ? query.upTo - done : done - query.after;
      const isLast = query.newestFirst ? done - 1 <= query.after : done >= query.upTo;
      if (isLast) break;
      if (isFull || walked >= MOST_WALKED) return { entries, next: query.newestFirst ? done - 1 : done };
    }
    return { entries, next: null };
  }

  /** All of them. */
  async *all(by: Principal, query: AuditEntriesQuery, waiting?: Waiting): AsyncGenerator<AuditEntry> {
    for await (const row of this.rows(by, query, waiting)) yield auditEntryOf(row);
  }

  async *rows(by: Principal, query: AuditEntriesQuery, waiting?: Waiting): AsyncGenerator<AuditRow> {
    const { audit } = this.reads.ledgerOf(by, waiting);
    for (const part of seqRanges(query)) {
      await turn();
      yield* await audit.rows({ ...query, ...part, limit: RANGE_SEQS });
    }
  }

  /** How many alterations there are before a moment. Times grow with seq, so it is looked for by halves. */
  async countBefore(by: Principal, asOf: AsOfPoint, head: number): Promise<number> {
    if ('seq' in asOf) return Math.min(Math.max(0, asOf.seq - 1), head);
    const { audit } = this.reads.ledgerOf(by);
    let [low, high] = [0, head];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const at = { after: middle - 1, upTo: middle, newestFirst: false, limit: 1 };
      const [row] = await audit.rows(at);
      // what is in an archive was before all that is here
      if (!row || row.timestamp < asOf.time) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function* seqRanges({ after, upTo, newestFirst }: AuditEntriesQuery): Generator<SeqRange> {
  if (newestFirst)
    for (let to = upTo; to > after; to -= RANGE_SEQS) yield { after: Math.max(after, to - RANGE_SEQS), upTo: to };
  else
    for (let from = after; from < upTo; from += RANGE_SEQS)
      yield { after: from, upTo: Math.min(upTo, from + RANGE_SEQS) };
}

function auditEntryOf({ salt, ownerId: _ownerId, ...row }: AuditRow): AuditEntry {
  return isErased({ salt }) ? { ...row, redacted: true } : row;
}
