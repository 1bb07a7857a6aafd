import type { DataSource } from 'typeorm';
import type { HeadRow } from '../rows.js';
import type { JoinedTransaction, LedgerStore, LockedState, Planned, TenantLedger, TouchedKeys } from '../store.js';
import { clockOf } from '../../database/lease.js';
import { SharedClock } from '../../database/shared-clock.js';
import type { Statement, Tables } from '../../database/tables.js';
import type { Measured, Param, Scan } from './columns.js';
import { FieldIndexKeeper, type FieldDialect } from './field-indexes.keeper.js';
import type { Dialect } from './list.sql.js';
import { headRow } from './read-rows.js';
import { SELECT_PROPAGATING } from './inheritance.sql.js';
import type { Found, SearchIndex } from './search.js';
import * as sql from './sql.js';
import { SqlLedger } from './sql.ledger.js';
import type { SqlDatabase } from './sql.part.js';
import type { StoreFaults } from './store-faults.js';

/** What no tenant is called: a scope in which the heads of all can be read, and nothing else. */
export const ALL_HEADS = '*';

/** What both stores have in common, over the statements that each database runs. */
export abstract class SqlStore implements LedgerStore, SqlDatabase, Tables {
  abstract readonly kind: LedgerStore['kind'];
  abstract readonly dialect: Dialect;
  readonly fields: FieldIndexKeeper;
  readonly clock: SharedClock;

  /** The index of searches, where there is one. */
  protected readonly search?: SearchIndex | undefined;

  constructor(
    protected readonly dataSource: DataSource,
    readonly faults: StoreFaults,
    fields: FieldDialect,
  ) {
    this.fields = new FieldIndexKeeper(this, fields);
    this.clock = new SharedClock(
      () => this.time(),
      (line) => faults.report('clock', line),
    );
  }

  abstract query(scope: string, statement: string, params: readonly Param[]): Promise<unknown[]>;

  abstract scan(scope: string, scan: Scan): Promise<unknown[]>;

  abstract measured(scope: string, statement: Measured, bytes: number): Promise<unknown[]>;

  abstract commit<P extends Planned>(
    tenant: string,
    touched: TouchedKeys,
    plan: (before: LockedState) => P,
  ): Promise<P>;

  abstract join(dataSource: DataSource, tenant: string): Promise<JoinedTransaction>;

  abstract transact(...statements: readonly Statement[]): Promise<unknown[][]>;

  rows(...[statement, ...params]: Statement): Promise<unknown[]> {
    return this.scan(ALL_HEADS, { sql: statement, params, isHeavy: false });
  }

  private async time(): Promise<number> {
    const [row] = (await this.rows(`SELECT ${clockOf(this.kind)} AS "now"`)) as { now: number | string }[];
    return Number(row!.now);
  }

  apart<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  abstract probe(): Promise<void>;

  abstract scrub(whole?: boolean): Promise<void>;

  abstract close(): Promise<void>;

  ledger(tenant: string): TenantLedger {
    return new SqlLedger(this, tenant);
  }

  async find(scope: string, words: string): Promise<Found | undefined> {
    try {
      return await this.search?.find(scope, words);
    } catch (error) {
      throw this.faults.reported(error);
    }
  }

  /** Resolves when the index of searches has what was there before; not told of by the port, since nobody has to wait for it. */
  async indexed(): Promise<void> {
    await this.search?.following.caughtUp();
  }

  get readFault(): string | undefined {
    return undefined;
  }

  /** How the connections to the database are used, by what they are for; none where there are no pools. */
  poolUsage(): Readonly<Record<string, { readonly used: number; readonly idle: number; readonly waiting: number }>> {
    return {};
  }

  async heads(tenants: readonly string[]): Promise<Map<string, HeadRow>> {
    const rows = await this.query(ALL_HEADS, sql.selectHeads(this.dialect.textsOf), [JSON.stringify(tenants)]);
    return new Map((rows as (HeadRow & { tenant: string })[]).map(({ tenant, ...head }) => [tenant, headRow(head)]));
  }

  async tenants(): Promise<string[]> {
    const rows = await this.query(ALL_HEADS, 'SELECT tenant FROM atome_ledgers ORDER BY tenant', []);
    return (rows as { tenant: string }[]).map(({ tenant }) => tenant);
  }

  async propagating(): Promise<string[]> {
    const rows = await this.query(ALL_HEADS, SELECT_PROPAGATING, []);
    return (rows as { tenant: string }[]).map(({ tenant }) => tenant);
  }

  get writeFault(): string | undefined {
    return this.faults.ofWrites;
  }

  /** To be called with how many alterations have been added. */
  protected grown(count: number): void {
    if (count > 0) this.faults.overcome();
    this.search?.following.grown(count);
  }
}
