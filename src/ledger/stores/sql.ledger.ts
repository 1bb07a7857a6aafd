import { randomUUID } from 'node:crypto';
import { GENESIS_TIME, genesisHash } from '../integrity/hash-chain.js';
import {
  type AlterationRow,
  type AtomeRow,
  type DeltaRow,
  type FloorRow,
  type HeadRow,
  type PropagationRow,
} from '../rows.js';
import type { AuditQuery, AuditRow, OwnedPage } from '../audit-trail.js';
import type { LedgerBases } from '../bases.js';
import { isHeavy } from '../read-weights.js';
import { LedgerGone } from '../store-error.js';
import type {
  LedgerAlterations,
  LedgerAtomes,
  LedgerAudit,
  LedgerQueries,
  LedgerWrites,
  LockedState,
  NextDescendants,
  Planned,
  SeqPage,
  TenantLedger,
  TouchedKeys,
  VersionRange,
} from '../store.js';
import { SELECT_DESCENDANTS, SELECT_PROPAGATION } from './inheritance.sql.js';
import { alterationRow, headRow, numbers } from './read-rows.js';
import { SELECT_OTHER_BYTES } from './row-bytes.sql.js';
import * as sql from './sql.js';
import { SqlBases } from './sql.bases.js';
import { SqlAtomes } from './sql.atomes.js';
import { SqlQueries } from './sql.queries.js';
import { Part, type SqlDatabase } from './sql.part.js';

/** One tenant's ledger in SQL. Its parts are made when they are asked for: most who ask want one. */
export class SqlLedger implements TenantLedger {
  constructor(
    private readonly database: SqlDatabase,
    readonly tenant: string,
  ) {}

  get write(): LedgerWrites {
    return new SqlWrites(this.database, this.tenant);
  }

  get atomes(): LedgerAtomes {
    return new SqlAtomes(this.database, this.tenant);
  }

  get queries(): LedgerQueries {
    return new SqlQueries(this.database, this.tenant);
  }

  get alterations(): LedgerAlterations {
    return new SqlAlterations(this.database, this.tenant);
  }

  get bases(): LedgerBases {
    return new SqlBases(this.database, this.tenant);
  }

  get audit(): LedgerAudit {
    return new SqlAudit(this.database, this.tenant);
  }
}

class SqlWrites extends Part implements LedgerWrites {
  async head(): Promise<HeadRow | undefined> {
    const [row] = await this.query<HeadRow>(sql.SELECT_HEAD, this.tenant);
    return row && headRow(row);
  }

  async open(): Promise<HeadRow> {
    const head = await this.head();
    if (head) return head;
    const { tenant } = this;
    const epoch = randomUUID();
    await this.query(sql.INSERT_LEDGER, tenant, epoch, genesisHash(tenant, epoch), GENESIS_TIME);
    // another process may have been first: what counts is what is there now
    const made = await this.head();
    if (!made) throw this.database.faults.reported(new LedgerGone(tenant));
    return made;
  }

  commit<P extends Planned>(touched: TouchedKeys, plan: (before: LockedState) => P): Promise<P> {
    return this.database.commit(this.tenant, touched, plan);
  }

  async nextDescendants(limit: number, bytes: number): Promise<NextDescendants | undefined> {
    const [row] = await this.query<PropagationRow>(SELECT_PROPAGATION, this.tenant);
    if (!row) return undefined;
    const propagation = numbers(row, ['seq']);
    const { parentId, afterId } = propagation;
    const descendants = await this.query<Pick<AtomeRow, 'id' | 'size'>>(
      SELECT_DESCENDANTS,
      this.tenant,
      parentId,
      afterId,
      limit,
    );
    const ids: string[] = [];
    for (let left = bytes; ids.length < descendants.length && (ids.length === 0 || left > 0);) {
      const { id, size } = descendants[ids.length]!;
      ids.push(id);
      left -= size;
    }
    return { propagation, ids, isEnd: descendants.length < limit && ids.length === descendants.length };
  }
}

class SqlAlterations extends Part implements LedgerAlterations {
  page(page: SeqPage): Promise<AlterationRow[]> {
    return this.pageOf(isHeavy.alterations.page(page), sql.SELECT_PAGE, page);
  }

  newest(page: SeqPage): Promise<AlterationRow[]> {
    return this.pageOf(isHeavy.alterations.newest(page), sql.SELECT_NEWEST, page);
  }

  async version(atomeId: string, version: number): Promise<AlterationRow | undefined> {
    const [row] = await this.query<AlterationRow>(sql.SELECT_ALTERATION, this.tenant, atomeId, version);
    return row && alterationRow(row);
  }

  async versions(atomeId: string, range: VersionRange): Promise<AlterationRow[]> {
    const heavy = isHeavy.alterations.versions(atomeId, range);
    const params = [this.tenant, atomeId, range.from, range.to];
    return (await this.scan<AlterationRow>(heavy, sql.SELECT_VERSIONS, ...params)).map(alterationRow);
  }

  async history(atomeId: string, range: VersionRange & { bytes: number }): Promise<AlterationRow[]> {
    const statement = sql.selectHistory(this.tenant, atomeId, range.from, range.to);
    const heavy = isHeavy.alterations.history(atomeId, range);
    return (await this.measured<AlterationRow>(heavy, statement, range.bytes)).map(alterationRow);
  }

  async archived(atomeId: string): Promise<number> {
    const { tenant } = this;
    const [row] = await this.query<{ version: number }>(sql.SELECT_ARCHIVED, tenant, atomeId, tenant);
    return row!.version;
  }

  async deltaChain(wanted: readonly (readonly [string, number])[]): Promise<DeltaRow[]> {
    if (wanted.length === 0) return [];
    const statement = sql.selectDeltaChain(this.database.dialect.pairsOf);
    const heavy = isHeavy.alterations.deltaChain(wanted);
    const of = [JSON.stringify(wanted), this.tenant];
    const rows = await this.scan<DeltaRow>(heavy, statement, ...of, ...of);
    return rows.map((row) => numbers(row, ['seq']));
  }

  private async pageOf(heavy: boolean, statement: string, page: SeqPage): Promise<AlterationRow[]> {
    const { after, upTo, limit, chars, isPast = heavy } = page;
    const params = [this.tenant, after, upTo, limit, chars];
    const rows = await this.database.scan(this.tenant, { sql: statement, params, isHeavy: heavy, isPast });
    return (rows as AlterationRow[]).map(alterationRow);
  }
}

class SqlAudit extends Part implements LedgerAudit {
  async rows(query: AuditQuery): Promise<AuditRow[]> {
    const statement = sql.selectAuditRows(this.tenant, query);
    const rows = await this.scan<AuditRow>(isHeavy.audit.rows(query), statement.sql, ...statement.params);
    return rows.map((row) => numbers(row, ['seq']));
  }

  async owned(ownerId: string, after: string): Promise<OwnedPage> {
    const heavy = isHeavy.audit.owned(ownerId, after);
    const [end] = await this.scan<{ id: string }>(heavy, sql.SELECT_RANGE_END, this.tenant, after);
    const bounds = end ? [after, end.id] : [after];
    const statement = sql.selectOwned(end !== undefined);
    const rows = await this.scan<{ id: string }>(heavy, statement, this.tenant, ...bounds, ownerId);
    return { ids: rows.map(({ id }) => id), next: end?.id ?? null };
  }

  async otherBytes(floor: number): Promise<number> {
    const { tenant } = this;
    const heavy = isHeavy.audit.otherBytes(floor);
    const [row] = await this.scan<{ bytes: unknown }>(heavy, SELECT_OTHER_BYTES, tenant, tenant, tenant, floor);
    return Number(row!.bytes);
  }

  async hashAt(seq: number): Promise<string | undefined> {
    const [row] = await this.query<{ hash: string }>(sql.SELECT_HASH, ...sql.hashParams(this.tenant, seq));
    return row?.hash;
  }

  async floor(): Promise<FloorRow | undefined> {
    const [row] = await this.query<FloorRow>(sql.SELECT_FLOOR, this.tenant);
    return row && numbers(row, ['seq', 'atomes', 'previous']);
  }
}
