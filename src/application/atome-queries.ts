import type { AccessPolicy } from '../auth/authorization/access-policy.js';
import type { Waiting } from '../auth/admission/fair-slots.js';
import type { LedgerReader, ListPage, SnapshotFilter } from '../ledger/read/ledger-reader.js';
import type { AsOf } from '../ledger/read/past.js';
import type { HistoryCursor, HistoryPage } from '../ledger/read/history-page.js';
import { entityTag } from '../ledger/entity-tag.js';
import { MOST_COUNTED } from '../ledger/read/totals.js';
import { placeOf } from '../ledger/read/sort-value.js';
import type { Selected } from '../ledger/write/preconditions.js';
import { headerOf } from '../ledger/access-columns.js';
import type { AtomeRow, HeadRow, ReadPartialRow, ReadAtomeRow } from '../ledger/rows.js';
import { atomeOf, atomeText, stateOf } from '../ledger/row-mapper.js';
import type { ListQuery, QueryCost, Total } from '../ledger/store.js';
import { LARGE, turn } from '../ledger/turns.js';
import type { Atome, AtomeHeader, Principal } from '../protocol/index.js';
import type { QueryCosts } from './query-costs.js';
import { projectedText, type Projection } from './projection.js';

/** An atome as JSON, and what a cache and preconditions go by. */
export interface AtomeText extends Selected {
  readonly text: string;
}

/** Some of an atome, as it is or as it was. */
export interface Projected {
  readonly asOf: AsOf | undefined;
  readonly projection: Projection | undefined;
}

/** Which page of a history: its number, or where it begins. */
export interface HistoryRange {
  readonly page: number | HistoryCursor;
  readonly limit: number;
}

/** The ledger as one principal reads it. */
export type ReaderOf = (principal: Principal, waiting?: Waiting) => LedgerReader;

/** Rows asked for at once where each must be decided about. */
const SCAN_ROWS = 500;

/** The atomes as one principal may read them: by the rights of now, also for what was before. */
export class AtomeQueries {
  constructor(
    private readonly readerOf: ReaderOf,
    private readonly accessPolicy: AccessPolicy,
    /** How a row is shown that is as an older version of its kind's schema has it; left out where there is none. */
    private readonly shown?: <Row extends AtomeRow>(row: Row) => Row,
    private readonly costs?: QueryCosts,
  ) {}

  /** Where the ledger of somebody's tenant stands. */
  head(principal: Principal): Promise<HeadRow> {
    return this.readerOf(principal).head();
  }

  /** The atome as it is, or as it was. @throws AtomeError `not_found`, `gone` */
  async get(id: string, moment: AsOf | undefined, principal: Principal, waiting?: Waiting): Promise<Atome> {
    const reader = this.readerOf(principal, waiting);
    if (!moment) return reader.requireAlive(stateOf(this.shownAs(await this.row(reader, id, principal))));
    await this.partial(reader, id, principal);
    return reader.getAt(id, moment);
  }

  /** As {@link get}, as JSON, or what is wanted of it. */
  async getText(
    id: string,
    moment: AsOf | Projected | undefined,
    principal: Principal,
    waiting?: Waiting,
  ): Promise<AtomeText> {
    const { asOf, projection } = moment && 'projection' in moment ? moment : { asOf: moment };
    const reader = this.readerOf(principal, waiting);
    const [{ epoch }, shown] = asOf
      ? [await this.partial(reader, id, principal), await reader.textAt(id, asOf)]
      : await this.alive(reader, id, principal);
    const { version, updatedAt } = shown;
    // many may ask for the same at once
    if (shown.data.length + shown.meta.length >= LARGE) await turn();
    const text = projection ? projectedText(shown, projection) : atomeText(shown);
    return { etag: entityTag(epoch, shown), version, updatedAt, text };
  }

  /** What there is under an id, deleted or not; undefined also for what may not be read. */
  async find(id: string, principal: Principal): Promise<Atome | undefined> {
    const reader = this.readerOf(principal);
    if (!(await this.visibleHeader(reader, id, principal))) return undefined;
    return atomeOf(this.shownAs(await reader.row(id)));
  }

  /** Of which kind the atome is, or was at a version; undefined as for {@link find}. */
  async kindOf(id: string, principal: Principal, version?: number): Promise<string | undefined> {
    const reader = this.readerOf(principal);
    const header = await this.visibleHeader(reader, id, principal);
    return !header || version === undefined ? header?.kind : (await reader.stateAt(id, version))?.kind;
  }

  async history(
    id: string,
    { page, limit }: HistoryRange,
    principal: Principal,
    waiting?: Waiting,
  ): Promise<HistoryPage> {
    const reader = this.readerOf(principal, waiting);
    await this.partial(reader, id, principal);
    return reader.history(id, page, limit);
  }

  async list(query: ListQuery, principal: Principal, waiting?: Waiting): Promise<ListPage> {
    const cost = await this.costOf(query, principal);
    const page = await this.page(query, principal, waiting);
    if (!this.shown && !cost) return page;
    return { ...page, ...(cost && { cost }), rows: this.shown ? page.rows.map(this.shown) : page.rows };
  }

  /** What a list that is about fields costs. @throws AtomeError `invalid` where that is too much. */
  async costOf(query: ListQuery, principal: Principal): Promise<QueryCost | undefined> {
    if (!query.where && !query.sort) return undefined;
    const seesAll = this.accessPolicy.visibilityFilterOf(principal) === undefined;
    return this.costs?.of(query, () => this.head(principal), seesAll);
  }

  async count(query: ListQuery, principal: Principal, waiting?: Waiting): Promise<number> {
    await this.costOf(query, principal);
    const visibleTo = this.accessPolicy.visibilityFilterOf(principal);
    if (visibleTo === 'per-row') return (await this.countSeen(query, Infinity, principal, waiting)).total;
    return this.readerOf(principal, waiting).count({ ...query, visibleTo });
  }

  /** As {@link count}, but of many only that there are many: where some may be hidden, not how many are seen. */
  async total(query: ListQuery, principal: Principal, waiting?: Waiting): Promise<Total> {
    const visibleTo = this.accessPolicy.visibilityFilterOf(principal);
    if (visibleTo === 'per-row') return this.countSeen(query, MOST_COUNTED, principal, waiting);
    return this.readerOf(principal, waiting).total({ ...query, visibleTo });
  }

  /** Those of a snapshot at `seq`. */
  snapshot(seq: number, filter: SnapshotFilter, principal: Principal, waiting?: Waiting): AsyncGenerator<string> {
    const reader = this.readerOf(principal, waiting);
    return reader.snapshot(seq, filter, (now) => this.mayRead(principal, now));
  }

  mayRead(principal: Principal, atome: AtomeHeader): boolean {
    return this.accessPolicy.isAllowed(principal, 'read', atome);
  }

  /** As it was at a version; of an erased atome what is left of it. */
  async leftAt(id: string, version: number, principal: Principal): Promise<Atome> {
    const reader = this.readerOf(principal);
    await this.partial(reader, id, principal);
    return reader.leftAt(id, version);
  }

  private shownAs<Row extends AtomeRow>(row: Row): Row {
    return this.shown?.(row) ?? row;
  }

  /** Where an atome stands that may be read. */
  private async visibleHeader(
    reader: LedgerReader,
    id: string,
    principal: Principal,
  ): Promise<AtomeHeader | undefined> {
    const header = await reader.headerOf(id);
    return header && this.mayRead(principal, header) ? header : undefined;
  }

  private async alive(reader: LedgerReader, id: string, principal: Principal): Promise<[ReadAtomeRow, AtomeRow]> {
    const row = await this.row(reader, id, principal);
    if (row.deletedAt !== null) reader.requireAlive(stateOf(row));
    return [row, this.shownAs(row)];
  }

  private partial(reader: LedgerReader, id: string, principal: Principal): Promise<ReadPartialRow> {
    return reader.partial(id, (now) => this.accessPolicy.authorize(principal, 'read', now));
  }

  private row(reader: LedgerReader, id: string, principal: Principal): Promise<ReadAtomeRow> {
    return reader.row(id, (now) => this.accessPolicy.authorize(principal, 'read', now));
  }

  /** How many may be read of those that are found, where they are no more than `most`. */
  private async countSeen(query: ListQuery, most: number, principal: Principal, waiting?: Waiting): Promise<Total> {
    let total = 0;
    let passed = 0;
    for await (const row of this.pass({ ...query, offset: 0, after: undefined }, principal, waiting)) {
      // of so many rows those that may be read tell how many may not
      if (passed === most) return { total: 0, isExact: false };
      passed += 1;
      if (row) total += 1;
    }
    return { total, isExact: true };
  }

  private async page(query: ListQuery, principal: Principal, waiting?: Waiting): Promise<ListPage> {
    const visibleTo = this.accessPolicy.visibilityFilterOf(principal);
    if (visibleTo === 'per-row') return this.scan(query, principal, waiting);
    const page = await this.readerOf(principal, waiting).list({ ...query, visibleTo });
    return { ...page, rows: page.rows.filter((row) => this.mayRead(principal, headerOf(row))) };
  }

  private async scan(query: ListQuery, principal: Principal, waiting?: Waiting): Promise<ListPage> {
    const rows: AtomeRow[] = [];
    let skip = query.offset;
    for await (const row of this.walk({ ...query, offset: 0 }, principal, waiting)) {
      if (skip > 0) skip -= 1;
      else if (rows.length === query.limit) return { rows, last: rows.at(-1) };
      else rows.push(row);
    }
    return { rows, last: undefined };
  }

  /** All that a query finds and that may be read. */
  private async *walk(query: ListQuery, principal: Principal, waiting?: Waiting): AsyncGenerator<AtomeRow> {
    for await (const row of this.pass(query, principal, waiting)) if (row) yield row;
  }

  /** All that a query finds, page after page; undefined for those that may not be read. */
  private async *pass(query: ListQuery, principal: Principal, waiting?: Waiting): AsyncGenerator<AtomeRow | undefined> {
    const reader = this.readerOf(principal, waiting);
    for (let { after } = query; ;) {
      const { rows, last } = await reader.list({ ...query, after, limit: SCAN_ROWS });
      await turn();
      for (const row of rows) yield this.mayRead(principal, headerOf(row)) ? row : undefined;
      if (!last) return;
      after = placeOf(query, last);
    }
  }
}
