import { isErased } from '../erasure.js';
import { GENESIS_TIME, genesisHash } from '../integrity/hash-chain.js';
import { rowFault } from '../integrity/verify-ledger.js';
import { receiptBytes } from '../row-bytes.js';
import type { AlterationRow, HeadRow, IdempotencyRecord } from '../rows.js';
import type { SqlStore } from '../stores/sql.store.js';
import * as sql from '../stores/sql.js';
import type { TenantLedger } from '../store.js';
import { foldRows } from './fold-rows.js';
import type { EndLine, LedgerLine, TransferLine } from './lines.js';

const ROWS = 250;
const CHARS = 4 * 1024 * 1024;

/** What cannot be taken in; the message says why, and where. */
export class ImportError extends Error {}

/** What has been taken in of a tenant. */
export interface Imported {
  readonly tenant: string;
  /** Alterations that were not there. */
  readonly added: number;
  readonly seq: number;
  readonly hash: string;
}

/**
 * Takes ledgers in, of one tenant after the other, in groups: one that is interrupted goes on where it was, and a second time
 * adds nothing. Each row is checked against its hash before it is written.
 * @throws ImportError
 */
export class LedgerImport {
  private current: TenantImport | undefined;

  constructor(
    private readonly store: SqlStore,
    private readonly progress: (tenant: string, seq: number) => void,
  ) {}

  /** Takes a line; resolves with what has been taken in when it was the last of a tenant. */
  async take(line: TransferLine): Promise<Imported | undefined> {
    const { current } = this;
    switch (line.type) {
      case 'atome-sync':
        return undefined;
      case 'ledger':
        if (current) throw new ImportError(`"${current.tenant}" has no end before "${line.tenant}" begins`);
        this.current = await TenantImport.begin(this.store, line, this.progress);
        return undefined;
      case 'alteration':
        await this.require(line.type).alteration(line.row);
        return undefined;
      case 'receipt':
        await this.require(line.type).receipt(line.row);
        return undefined;
      case 'end': {
        const imported = await this.require(line.type).end(line);
        this.current = undefined;
        return imported;
      }
    }
  }

  /** @throws ImportError when the last ledger has no end. */
  close(): void {
    if (this.current) {
      throw new ImportError(`"${this.current.tenant}" has no end: the file was cut short; what is in it is taken in`);
    }
  }

  private require(type: string): TenantImport {
    if (!this.current) throw new ImportError(`a line "${type}" stands outside of a ledger`);
    return this.current;
  }
}

class TenantImport {
  private rows: AlterationRow[] = [];
  private chars = 0;
  private receipts: IdempotencyRecord[] = [];
  private added = 0;

  private constructor(
    private readonly ledger: TenantLedger,
    private head: HeadRow,
    /** Of the last row that the file has told. */
    private read: { seq: number; hash: string | undefined },
    private readonly progress: (tenant: string, seq: number) => void,
  ) {}

  static async begin(
    store: SqlStore,
    { tenant, epoch, after }: LedgerLine,
    progress: (tenant: string, seq: number) => void,
  ): Promise<TenantImport> {
    const genesis = genesisHash(tenant, epoch);
    await store.query(tenant, sql.INSERT_LEDGER, [tenant, epoch, genesis, GENESIS_TIME]);
    const ledger = store.ledger(tenant);
    const head = (await ledger.write.head())!;
    if (head.epoch !== epoch) {
      throw new ImportError(
        `"${tenant}" has another ledger here, begun by itself: nothing of it is changed; import into an empty database`,
      );
    }
    if (after > head.seq) {
      throw new ImportError(
        `"${tenant}" is here up to ${head.seq}, and the file begins behind ${after}: import what is between, or export from there`,
      );
    }
    // what has been exported behind a place is checked where both have it
    return new TenantImport(ledger, head, { seq: after, hash: after === 0 ? genesis : undefined }, progress);
  }

  get tenant(): string {
    return this.ledger.tenant;
  }

  async alteration(row: AlterationRow): Promise<void> {
    const before = this.read.hash ?? (await this.hashAt(this.read.seq)) ?? row.prevHash;
    const fault = rowFault(row, this.read.seq + 1, before);
    if (fault !== undefined) throw this.wrong(this.read.seq + 1, fault);
    this.read = row;
    if (row.seq <= this.head.seq) {
      if (row.seq === this.head.seq && row.hash !== this.head.hash) throw this.forked(row.seq);
      return;
    }
    this.rows.push(row);
    this.chars += row.size;
    if (this.rows.length >= ROWS || this.chars >= CHARS) await this.flush();
  }

  async receipt(row: IdempotencyRecord): Promise<void> {
    // an earlier version has written neither
    this.receipts.push({ ...{ superseded: null, timestamp: this.head.timestamp }, ...row });
    if (this.receipts.length >= ROWS) await this.flushReceipts();
  }

  async end({ seq, hash, propagations }: EndLine): Promise<Imported> {
    if (seq !== this.read.seq) throw this.wrong(seq, `the file ends at ${this.read.seq}`);
    await this.flush();
    await this.flushReceipts();
    if (((await this.hashAt(seq)) ?? hash) !== hash) throw this.forked(seq);
    if (propagations.length > 0 && this.head.seq === seq) {
      await this.ledger.write.commit({ atomeIds: [], ops: [] }, ({ head }) => {
        const started = propagations.map((each) => ({ ...each, onlyIfOthers: false }));
        return { additions: { head, alterations: [], atomes: [], receipts: [], propagations: started } };
      });
    }
    return { tenant: this.tenant, added: this.added, seq, hash };
  }

  private async flush(): Promise<void> {
    const { rows } = this;
    if (rows.length === 0) return;
    [this.rows, this.chars] = [[], 0];
    const creations = await this.creationsOf(rows);
    const atomeIds = [...new Set(rows.map(({ atomeId }) => atomeId))];
    const { additions } = await this.ledger.write.commit({ atomeIds, ops: [] }, (before) => {
      // somebody else may write here
      if (before.head.seq !== rows[0]!.seq - 1) throw this.forked(rows[0]!.seq);
      return { additions: foldRows(before, rows, creations) };
    });
    this.head = additions.head;
    this.added += rows.length;
    this.progress(this.tenant, this.head.seq);
  }

  /** Of an atome that was erased there is no state from which its place could be told. */
  private async creationsOf(rows: readonly AlterationRow[]): Promise<Map<string, number>> {
    const created = new Map(rows.filter(({ version }) => version === 1).map(({ atomeId, seq }) => [atomeId, seq]));
    for (const { atomeId, operation } of rows) {
      if (operation !== 'redact' || created.has(atomeId)) continue;
      const first = await this.ledger.alterations.version(atomeId, 1);
      if (first && isErased(first)) created.set(atomeId, first.seq);
    }
    return created;
  }

  private async flushReceipts(): Promise<void> {
    const receipts = this.receipts.splice(0);
    if (receipts.length === 0) return;
    await this.ledger.write.commit({ atomeIds: [], ops: receipts }, ({ head, receipts: found }) => {
      const answered = new Set(found.filter(({ superseded }) => superseded === null).map(nameOf));
      const known = new Set(found.map(nameOf));
      // one that stands for an alteration in an archive is not needed where that is
      const missing = receipts.filter((each) => !(each.superseded === null ? answered : known).has(nameOf(each)));
      if (missing.length === 0) return { additions: null };
      const bytes = missing.reduce((sum, each) => sum + receiptBytes(each), head.bytes);
      return { additions: { head: { ...head, bytes }, alterations: [], atomes: [], receipts: missing } };
    });
  }

  /** undefined: it is in an archive here as well. */
  private async hashAt(seq: number): Promise<string | undefined> {
    if (seq === 0) return genesisHash(this.tenant, this.head.epoch);
    const hash = await this.ledger.audit.hashAt(seq);
    if (hash !== undefined) return hash;
    return seq < ((await this.ledger.audit.floor())?.seq ?? 0) ? undefined : '';
  }

  private wrong(seq: number, what: string): ImportError {
    return new ImportError(`"${this.tenant}", alteration ${seq}: ${what}; nothing behind it is taken in`);
  }

  private forked(seq: number): ImportError {
    return new ImportError(
      `"${this.tenant}" has another alteration ${seq} here: it was written to in both places; import into an empty database`,
    );
  }
}

function nameOf({ author, opId }: Pick<IdempotencyRecord, 'author' | 'opId'>): string {
  return JSON.stringify([author, opId]);
}
