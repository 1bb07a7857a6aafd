import { invalid, type AtomeError } from '../../protocol/index.js';
import type { AtomeRow } from '../rows.js';
import { isHeavy, isInOrder } from '../read-weights.js';
import { placeOf } from '../read/sort-value.js';
import type { LedgerQueries, ListQuery, SearchPage, Total } from '../store.js';
import type { Statement } from './columns.js';
import type { IndexUse } from './index-use.js';
import {
  countFound,
  countList,
  MOST_SEARCHED,
  selectBound,
  selectList,
  selectOneMore,
  selectWalkEnd,
  type FoundQuery,
} from './list.sql.js';
import { atomeRow } from './read-rows.js';
import { selectSorted } from './sort.sql.js';
import { isShorter, MAX_FOUND, type Found } from './search.js';
import * as sql from './sql.js';
import { Part } from './sql.part.js';

function unordered(): AtomeError {
  const text = `is too short, or found too often, to put what has it in this order among more than ${MOST_SEARCHED.rows} atomes: search for more characters, or order by updatedAt`;
  return invalid([{ path: 'search', message: text }]);
}

/** Lists of the atomes of one tenant. */
export class SqlQueries extends Part implements LedgerQueries {
  async list(query: ListQuery, bytes?: number): Promise<AtomeRow[]> {
    return this.listed(await this.ledBy(query), bytes);
  }

  async search(query: ListQuery, bytes?: number): Promise<SearchPage> {
    const led = await this.ledBy(query);
    if (led.found || led.index) return { rows: await this.listed(led, bytes) };
    if (query.sort || !isInOrder(query)) {
      const oneMore = selectOneMore(this.tenant, query, this.database.dialect);
      const [more] = await this.scan<{ seq: unknown }>(true, oneMore.sql, ...oneMore.params);
      if (more) throw unordered();
      return { rows: await this.listed(led, bytes) };
    }
    const walk = selectWalkEnd(this.tenant, query, this.database.dialect);
    const [end] = (await this.scan<AtomeRow>(true, walk.sql, ...walk.params)).map(atomeRow);
    return { rows: await this.listed({ ...led, until: end && placeOf(query, end) }, bytes), end };
  }

  /** A query with what leads to its page. */
  private async ledBy(query: ListQuery): Promise<FoundQuery> {
    const searched = await this.find(query);
    const found =
      searched && (!isInOrder(query) || isShorter(searched, query.offset + query.limit)) ? searched : undefined;
    return { ...query, found, index: await this.indexFor(query) };
  }

  private async listed(query: FoundQuery, bytes: number | undefined): Promise<AtomeRow[]> {
    const select = query.sort ? selectSorted : selectList;
    const statement = select(this.tenant, query, this.database.dialect);
    const rows = await this.measured<AtomeRow>(isHeavy.queries.list(query), statement, bytes);
    if (rows.length > 0 || !(await this.isLost(query.index))) return rows.map(atomeRow);
    return this.listed(await this.ledBy(query), bytes);
  }

  async count(query: ListQuery): Promise<number> {
    const index = this.database.fields.usesOf(query).where;
    const total = await this.countBehind(0, { ...query, found: await this.find(query), index });
    return total === 0 && (await this.isLost(index)) ? this.count(query) : total;
  }

  async countNewest(query: ListQuery, most: number): Promise<Total> {
    const index = query.visibleTo ? undefined : this.database.fields.usesOf(query).where;
    if (index) return this.countIndexed({ ...query, index }, most);
    const found = await this.find(query);
    // it finds so few only where it is of help
    const bound = found ? undefined : selectBound(this.tenant, query, most);
    const [last] = bound ? await this.scan<{ seq: unknown }>(true, bound.sql, ...bound.params) : [];
    // of so many rows those that may be read tell how many may not
    if (last && query.visibleTo) return { total: 0, isExact: false };
    const total = await this.countBehind(Number(last?.seq ?? 0), { ...query, found });
    return last ? { total: Math.min(total, most), isExact: false } : { total, isExact: true };
  }

  private async countBehind(seq: number, query: FoundQuery): Promise<number> {
    return this.totalOf(countList(this.tenant, query, this.database.dialect, seq));
  }

  private async countIndexed(query: FoundQuery, most: number): Promise<Total> {
    const total = await this.totalOf(countFound(this.tenant, query, most, this.database.dialect));
    if (total === 0 && (await this.isLost(query.index))) return this.countNewest(query, most);
    return { total: Math.min(total, most), isExact: total <= most };
  }

  private async totalOf({ sql: statement, params }: Statement): Promise<number> {
    const [row] = await this.scan<{ total: unknown }>(true, statement, ...params);
    return Number(row!.total);
  }

  /** The index that leads to a page: what it finds is sorted, unless it is in order, or so much that a walk in order finds a page soon. */
  private async indexFor(query: ListQuery): Promise<IndexUse | undefined> {
    const { order, where } = this.database.fields.usesOf(query);
    if (!where || order?.bounds) return order;
    if (where.isOneValue && !query.sort && query.sortBy === 'updatedAt') return where;
    if (!order && query.sort) return where;
    const count = await this.totalOf(countFound(this.tenant, { ...query, index: where }, MAX_FOUND));
    if (count > MAX_FOUND) return order;
    const [head] = await this.query<{ seq: unknown }>(sql.SELECT_HEAD, this.tenant);
    return isShorter({ count, upTo: Number(head?.seq) }, query.offset + query.limit) ? where : order;
  }

  /** Whether nothing was found because the index is not there any more. */
  private async isLost(index: IndexUse | undefined): Promise<boolean> {
    return index !== undefined && !(await this.database.fields.isStill(index.name));
  }

  /** What an index has found for a search, unless it has followed another ledger than that which is here. */
  private async find({ search }: ListQuery): Promise<Found | undefined> {
    const found = search === undefined ? undefined : await this.database.find(this.tenant, search);
    if (!found) return undefined;
    const [row] = await this.query<{ hash: string }>(sql.SELECT_HASH, ...sql.hashParams(this.tenant, found.upTo));
    return row?.hash === found.hash ? found : undefined;
  }
}
