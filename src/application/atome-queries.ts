import type { AccessPolicy } from '../auth/authorization/access-policy.js';
import type { HistoryPage, HistoryCursor, LedgerReader, ListPage, AsOf } from '../ledger/read/ledger-reader.js';
import { entityTag } from '../ledger/entity-tag.js';
import { sortValueOf } from '../ledger/read/sort-value.js';
import type { Selected } from '../ledger/write/preconditions.js';
import { headerOf } from '../ledger/access-columns.js';
import type { AtomeRow, HeadRow, ReadAtomeRow } from '../ledger/rows.js';
import { atomeText, stateOf } from '../ledger/row-mapper.js';
import type { ListQuery } from '../ledger/store.js';
import { turn } from '../ledger/turns.js';
import type { Atome, AtomeHeader, Principal } from '../protocol/index.js';

/** An atome as JSON, and what a cache and preconditions go by. */
export interface AtomeText extends Selected {
  readonly text: string;
}

/** Rows asked for at once where each must be decided about. */
const SCAN_ROWS = 500;

/** The atomes as one principal may read them: by the rights of now, also for what was before. */
export class AtomeQueries {
  constructor(
    private readonly reader: LedgerReader,
    private readonly accessPolicy: AccessPolicy,
  ) {}

  /** Where the ledger of somebody's tenant stands. */
  head({ tenant }: Principal): Promise<HeadRow> {
    return this.reader.head(tenant);
  }

  /** The atome as it is, or as it was. @throws AtomeError `not_found`, `gone` */
  async get(id: string, moment: AsOf | undefined, principal: Principal): Promise<Atome> {
    const now = await this.row(id, principal);
    return moment ? this.reader.getAt(principal.tenant, id, moment) : this.reader.requireAlive(stateOf(now));
  }

  /** As {@link get}, as JSON. */
  async getText(id: string, moment: AsOf | undefined, principal: Principal): Promise<AtomeText> {
    const row = await this.row(id, principal);
    if (!moment && row.deletedAt !== null) this.reader.requireAlive(stateOf(row));
    const shown = moment ? await this.reader.getAt(principal.tenant, id, moment) : row;
    const { version, updatedAt } = shown;
    return {
      etag: entityTag(row.epoch, shown),
      version,
      updatedAt,
      text: moment ? JSON.stringify(shown) : atomeText(row),
    };
  }

  async history(id: string, page: number | HistoryCursor, limit: number, principal: Principal): Promise<HistoryPage> {
    await this.row(id, principal);
    return this.reader.history(principal.tenant, id, page, limit);
  }

  async list(query: ListQuery, principal: Principal): Promise<ListPage> {
    const visibleTo = this.accessPolicy.visibilityFilterOf(principal);
    if (visibleTo === 'per-row') return this.scan(query, principal);
    const page = await this.reader.list(principal.tenant, { ...query, visibleTo });
    return { ...page, rows: page.rows.filter((row) => this.mayRead(principal, headerOf(row))) };
  }

  async count(query: ListQuery, principal: Principal): Promise<number> {
    const visibleTo = this.accessPolicy.visibilityFilterOf(principal);
    if (visibleTo !== 'per-row') return this.reader.count(principal.tenant, { ...query, visibleTo });
    const found = this.walk({ ...query, offset: 0, after: undefined }, principal);
    let count = 0;
    while (!(await found.next()).done) count += 1;
    return count;
  }

  /** Those of a snapshot at `seq`. */
  snapshot(seq: number, kinds: readonly string[] | undefined, principal: Principal): AsyncGenerator<string> {
    return this.reader.snapshot(principal.tenant, seq, kinds, (now) => this.mayRead(principal, now));
  }

  mayRead(principal: Principal, atome: AtomeHeader): boolean {
    return this.accessPolicy.isAllowed(principal, 'read', atome);
  }

  /** As it was at a version; of an erased atome what is left of it. */
  async leftAt(id: string, version: number, principal: Principal): Promise<Atome> {
    await this.row(id, principal);
    return this.reader.leftAt(principal.tenant, id, version);
  }

  private row(id: string, principal: Principal): Promise<ReadAtomeRow> {
    return this.reader.row(principal.tenant, id, (now) => this.accessPolicy.authorize(principal, 'read', now));
  }

  private async scan(query: ListQuery, principal: Principal): Promise<ListPage> {
    const rows: AtomeRow[] = [];
    let skip = query.offset;
    for await (const row of this.walk({ ...query, offset: 0 }, principal)) {
      if (skip > 0) skip -= 1;
      else if (rows.length === query.limit) return { rows, last: rows.at(-1) };
      else rows.push(row);
    }
    return { rows, last: undefined };
  }

  /** All that a query finds and that may be read, page after page. */
  private async *walk(query: ListQuery, principal: Principal): AsyncGenerator<AtomeRow> {
    for (let { after } = query; ;) {
      const { rows, last } = await this.reader.list(principal.tenant, { ...query, after, limit: SCAN_ROWS });
      await turn();
      for (const row of rows) {
        if (this.mayRead(principal, headerOf(row))) yield row;
      }
      if (!last) return;
      after = { value: sortValueOf(query.sortBy, last), id: last.id };
    }
  }
}
