import { errorWords } from '../../database/error-words.js';
import type { Statement, Tables } from '../../database/tables.js';
import { elapse } from '../elapse.js';
import type { FieldIndexes, IndexedField, IndexReport } from '../field-indexes.js';
import type { ListQuery } from '../list-query.js';
import type { Param } from './columns.js';
import * as sql from './field-values.sql.js';
import { usesOf } from './index-use.js';
import type { SortPart } from './sort-dialect.js';

/** What a database says of the values of indexed fields in a way of its own. */
export interface FieldDialect {
  /** What a value is ordered by, of a row `a` and a definition `f`. */
  readonly parts: readonly SortPart[];
  /** Takes a document apart: more to read from. */
  readonly beside: string;
  /** A row where there are the tables. */
  readonly isThere: string;
  readonly make: readonly Statement[];
  /** When an index is complete. */
  readonly settle: readonly Statement[];
  /** Before what is done to the values of a tenant. */
  readonly enter: (tenant: string) => readonly Statement[];
  /** Of a name, a kind and a path. */
  readonly define: string;
  readonly pathOf: (keys: readonly string[]) => string;
}

interface Definition {
  readonly name: string;
  readonly state: number;
  readonly tenant: string;
  /** PostgreSQL hands 64-bit integers over as text. */
  readonly seq: number | string;
}

interface Indexed extends Pick<Tables, 'transact'> {
  query(scope: string, statement: string, params: readonly Param[]): Promise<unknown[]>;
  tenants(): Promise<string[]>;
}

/** How long it rests where the database takes nothing, in milliseconds. */
const REST_MS = 5_000;

/**
 * Makes the indexes of fields and takes them away. The database keeps them with each write, whichever server it comes from;
 * what was there before is filled in behind the writes of others, in small steps that another server may share, and goes on
 * where it was after a crash.
 */
export class FieldIndexKeeper implements FieldIndexes {
  private readonly complete = new Set<string>();
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Indexed,
    private readonly dialect: FieldDialect,
  ) {}

  private isEnding(): boolean {
    return this.stopping.signal.aborted;
  }

  begin(wanted: readonly IndexedField[], report: IndexReport): void {
    this.running = this.keep(wanted, report);
  }

  async end(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  serves(query: ListQuery): boolean {
    const { order, where } = this.usesOf(query);
    return (!query.sort || order !== undefined) && (!query.where || where !== undefined);
  }

  /** What leads to a list. */
  usesOf(query: ListQuery): ReturnType<typeof usesOf> {
    const { kind, sort, where } = query;
    if (kind === undefined || this.complete.size === 0 || (!sort && !where)) return {};
    return usesOf(query, (field) => this.complete.has(sql.indexName(kind, field)), this.dialect.parts);
  }

  /** Resolves when what was begun has been done; not told of by the port, since nobody has to wait for it. */
  async kept(): Promise<void> {
    await this.running;
  }

  /** Whether an index is what it was; another server may have taken it away. */
  async isStill(name: string): Promise<boolean> {
    const isThere = (await this.ask(sql.SELECT_IS_COMPLETE, name)).length > 0;
    if (!isThere) this.complete.delete(name);
    return isThere;
  }

  private async keep(wanted: readonly IndexedField[], report: IndexReport): Promise<void> {
    const { signal } = this.stopping;
    while (!this.isEnding()) {
      try {
        return await this.keepAll(wanted, report);
      } catch (error) {
        if (this.isEnding()) return;
        report.failed(`the indexes of fields are not complete, and lists walk meanwhile: ${errorWords(error)}`);
        await elapse(REST_MS, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  private async keepAll(wanted: readonly IndexedField[], report: IndexReport): Promise<void> {
    const { database, dialect } = this;
    if (wanted.length === 0 && (await this.ask(dialect.isThere)).length === 0) return;
    if (wanted.length > 0) await database.transact(...dialect.make);
    const names = new Map(wanted.map((each) => [sql.indexName(each.kind, each.field), each]));
    for (const { name, state } of await this.definitions()) {
      if (names.has(name) && state !== sql.STATE.leaving) continue;
      await this.remove(name);
      if (this.isEnding()) return;
    }
    for (const [name, { kind, field }] of names) {
      await database.transact([dialect.define, name, kind, dialect.pathOf(field.keys)]);
      const path = `${field.document}.${field.keys.join('.')}`;
      if (await this.fill(name, kind)) report.done(`atomes of "${kind}" are found by ${path}`);
      if (this.isEnding()) return;
      this.complete.add(name);
    }
  }

  private async definitions(): Promise<Definition[]> {
    return (await this.ask(sql.SELECT_INDEXES)) as Definition[];
  }

  /** Few rows: nothing waits for a thread. */
  private ask(statement: string, ...params: Param[]): Promise<unknown[]> {
    return this.database.query('*', statement, params);
  }

  /** Fills in what was there before the definition. @returns whether there was anything to do. */
  private async fill(name: string, kind: string): Promise<boolean> {
    for (;;) {
      const found = await this.building(name);
      if (!found || this.isEnding()) return false;
      if (await this.goOn(found, kind)) return true;
    }
  }

  /** From where it is. @returns whether it is complete; not where another server has gone on with it, or has made it anew. */
  private async goOn({ name, tenant: begun, seq }: Definition, kind: string): Promise<boolean> {
    const { database, dialect } = this;
    const tenants = await database.tenants();
    let place = { tenant: begun, seq: Number(seq) };
    for (const tenant of tenants.slice(Math.max(0, tenants.indexOf(begun)))) {
      for (;;) {
        const after = tenant === place.tenant ? place.seq : 0;
        const from = place;
        const upTo = await this.paced(() => this.step({ name, kind, tenant, after }, from));
        if (upTo === undefined || this.isEnding()) return false;
        place = { tenant, seq: upTo };
        if (upTo === after) break;
      }
    }
    // made anew by others, it may be of more tenants
    if ((await database.tenants()).at(-1) !== tenants.at(-1)) return false;
    const [done] = await database.transact([sql.COMPLETE, name, place.tenant, place.seq], ...dialect.settle);
    return done!.length > 0;
  }

  /** undefined where it is complete. @throws Error where another server takes it away. */
  private async building(name: string): Promise<Definition | undefined> {
    const found = (await this.definitions()).find((each) => each.name === name);
    if (found?.state === sql.STATE.complete) return undefined;
    if (found?.state !== sql.STATE.building) throw new Error('another server, with other kinds, takes one away');
    return found;
  }

  /** @returns up to which seq the atomes of the tenant are there; undefined where the index is not where it was left. */
  private async step(
    of: { readonly name: string; readonly kind: string; readonly tenant: string; readonly after: number },
    left: Pick<Definition, 'tenant' | 'seq'>,
  ): Promise<number | undefined> {
    const { name, kind, tenant, after } = of;
    const { enter, parts, beside } = this.dialect;
    const fill = `${sql.insertValues(parts, 'a', sql.FILL + beside)} ${sql.OF_BATCH}`;
    const entered = enter(tenant);
    const answers = await this.database.transact(
      ...entered,
      [sql.ADVANCE, tenant, tenant, kind, after, after, name, left.tenant, left.seq],
      [fill, name, after],
    );
    const [moved] = answers[entered.length] as { seq: number | string }[];
    return moved && Number(moved.seq);
  }

  private async remove(name: string): Promise<void> {
    this.complete.delete(name);
    await this.database.transact([sql.LEAVE, name]);
    for (const tenant of await this.database.tenants()) {
      const entered = this.dialect.enter(tenant);
      const empty: Statement = [sql.EMPTY, name, tenant, name, tenant, name];
      for (let isMore = true; isMore && !this.isEnding();) {
        const answers = await this.paced(() => this.database.transact(...entered, empty));
        isMore = answers[entered.length]!.length > 0;
      }
    }
    if (!this.isEnding()) await this.database.transact([sql.FORGET, name]);
  }

  /** The database is wanted half of the time at most. */
  private async paced<T>(work: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    const result = await work();
    const { signal } = this.stopping;
    await elapse(performance.now() - begun, { signal, ref: false }).catch(() => undefined);
    return result;
  }
}
