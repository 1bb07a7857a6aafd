import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { inTime } from '../../in-time.js';
import { StoreError } from '../../store-error.js';
import type { JoinedTransaction, LockedState, Planned, TouchedKeys } from '../../store.js';
import { HostRunner, JOIN_MS, otherDatabase, requireHost } from '../host-runner.js';
import { ALL_HEADS } from '../sql.store.js';
import type { StoreFaults } from '../store-faults.js';
import { planned, rollback, together, unheard } from './postgres.client.js';
import type { PostgresConnections } from './postgres.connections.js';
import { BUSY, faultOf, translate, UNKNOWN_COMMIT, UNREACHABLE } from './postgres.errors.js';
import { addGroup, readGroup, type Ask } from './postgres.group.js';

/** What the store brings to a transaction of an application's. */
export interface PostgresSide {
  readonly connections: PostgresConnections;
  /** Those that are known to lead to the database of the ledger. */
  readonly known: WeakSet<DataSource>;
  /** What each transaction of ours sets for itself, as statements. */
  readonly settings: string;
  readonly onAdded: (count: number) => void;
}

/** No setting of the session is in it, and no clock or address that two ways to the same server may tell differently. */
const SELECT_DATABASE = `SELECT current_database() AS name, extract(epoch FROM pg_postmaster_start_time())::text AS started,
  (SELECT oid::text FROM pg_database WHERE datname = current_database()) AS oid`;

const NEEDED = ['ledgers', 'alterations', 'atomes', 'receipts', 'propagations'];
const SELECT_RIGHTS = `SELECT current_user AS role, CASE WHEN has_schema_privilege(?::text, 'USAGE') THEN (
  SELECT bool_and(has_table_privilege(format('%I.%I', ?::text, wanted), privilege))
    FROM unnest(string_to_array(?, ' ')) AS wanted, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
  ) ELSE false END AS "mayWrite"`;

/** It is gone when somebody has ended the transaction, though another may have been begun. */
const SET_MARK = `SELECT set_config('atome.transaction', ?, true)`;
const SELECT_MARK = `SELECT current_setting('atome.transaction', true) AS mark`;
const ENTER = `SELECT set_config('atome.tenant', ?, true)`;
const ABORTED = '25P02';

interface DatabaseName {
  readonly name: string;
  readonly started: string;
  readonly oid: string;
}

export async function joinPostgres(dataSource: DataSource, side: PostgresSide): Promise<JoinedTransaction> {
  requireHost(dataSource, 'postgres');
  const runner = dataSource.createQueryRunner('master');
  const connecting = runner.connect() as Promise<pg.PoolClient>;
  let client: pg.PoolClient;
  try {
    client = await inTime(connecting, JOIN_MS, () => {
      void connecting.then(() => runner.release(), unheard);
      throw new StoreError(BUSY);
    });
  } catch (error) {
    throw side.connections.faults.reported(translate(error));
  }
  const joined = new PostgresJoined(runner, client, side);
  try {
    await joined.begin(side.known.has(dataSource));
  } catch (error) {
    await joined.end();
    throw error;
  }
  side.known.add(dataSource);
  return joined;
}

/** A transaction on a connection of the application's, and under its role. What is set there ends with it. */
class PostgresJoined implements JoinedTransaction {
  readonly isExclusive = false;
  isCommitted = false;
  private readonly host: HostRunner;
  private readonly mark = randomUUID();

  constructor(
    runner: QueryRunner,
    private readonly client: pg.PoolClient,
    private readonly side: PostgresSide,
  ) {
    this.host = new HostRunner(runner);
  }

  private get faults(): StoreFaults {
    return this.side.connections.faults;
  }

  get manager(): HostRunner['manager'] {
    return this.host.manager;
  }

  /** Each statement sees what was committed before it: what is read behind the lock must not be older. */
  async begin(isKnown: boolean): Promise<void> {
    await this.asked(this.host.runner.startTransaction('READ COMMITTED'));
    if (!isKnown) await this.check();
    await this.asked(this.send(SET_MARK, [this.mark]));
  }

  async seal(): Promise<void> {
    await this.host.seal();
    const { rows } = await this.send(SELECT_MARK, []).catch((error: unknown) => {
      if ((error as { code?: unknown }).code === ABORTED) {
        throw new Error('a statement of the transaction has failed, and PostgreSQL commits nothing of it');
      }
      throw this.faults.reported(translate(error));
    });
    if ((rows[0] as { mark: unknown }).mark === this.mark && this.host.notes.transactionDepth === 1) return;
    throw new Error('the transaction was ended, or one within it was not: leave its end to transaction()');
  }

  async commit<P extends Planned>(tenant: string, touched: TouchedKeys, plan: (before: LockedState) => P): Promise<P> {
    const decided = await this.write(tenant, touched, plan);
    if (decided.isRefused) return decided;
    await this.conclude();
    this.side.onAdded(decided.additions?.alterations.length ?? 0);
    return decided;
  }

  async end(): Promise<void> {
    const { host, client, isCommitted } = this;
    host.close();
    // one that is busy still, or has gone, is thrown away: its pool sees that it is ending
    if (!isCommitted && (await rollback(client)) !== undefined)
      void (client as unknown as pg.Client).end().catch(unheard);
    await host.ended(isCommitted);
    await host.runner.release();
  }

  private async write<P extends Planned>(
    tenant: string,
    touched: TouchedKeys,
    plan: (before: LockedState) => P,
  ): Promise<P> {
    // a connection of others may have no pipeline: one after the other, and none under a name that others may use
    let last: Promise<unknown> = Promise.resolve();
    const ask: Ask = (text, values) => {
      const answered = last.then(() => this.send(text, values));
      last = answered;
      return answered;
    };
    try {
      const begun = [ask(`SAVEPOINT atome; ${this.side.settings}`, []), ask(ENTER, [tenant])];
      const before = await readGroup(ask, tenant, touched, begun);
      const decided = planned(plan, before);
      // gives the lock back
      if (decided.isRefused) await ask('ROLLBACK TO SAVEPOINT atome', []);
      else if (decided.additions) await together(addGroup(ask, tenant, before.head, decided.additions));
      return decided;
    } catch (error) {
      throw this.faults.refused(translate(error));
    }
  }

  private async conclude(): Promise<void> {
    try {
      await this.send('COMMIT', []);
      this.isCommitted = true;
    } catch (error) {
      const fault = faultOf(error);
      // a constraint of the application's that is checked at the end
      if (!fault) throw error;
      throw this.faults.refused(fault === UNREACHABLE ? new StoreError(UNKNOWN_COMMIT, error) : translate(error));
    }
  }

  private async check(): Promise<void> {
    const { connections } = this.side;
    const { schema, pools } = connections;
    const asked = connections.ask(pools.reads, ALL_HEADS, SELECT_DATABASE, []);
    const [[ours], { rows }] = await Promise.all([asked, this.asked(this.send(SELECT_DATABASE, []))]);
    const [theirs, own] = [rows[0], ours] as [DatabaseName, DatabaseName];
    if (theirs.oid !== own.oid || theirs.started !== own.started) {
      throw otherDatabase(`the database "${theirs.name}"`, `"${own.name}", perhaps of another server`);
    }
    const [rights] = (await this.asked(this.send(SELECT_RIGHTS, [schema, schema, NEEDED.join(' ')]))).rows as [
      { role: string; mayWrite: boolean },
    ];
    if (rights.mayWrite) return;
    const { role } = rights;
    throw new Error(
      `the role "${role}" of the option dataSource may not write to the tables of atome-sync: GRANT USAGE ON SCHEMA "${schema}" TO "${role}"; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "${schema}" TO "${role}"`,
    );
  }

  private asked<T>(answer: Promise<T>): Promise<T> {
    return answer.catch((error: unknown) => {
      throw this.faults.reported(translate(error));
    });
  }

  private send(text: string, values: Parameters<Ask>[1]): Promise<pg.QueryResult> {
    return this.client.query(this.side.connections.timed(text, values));
  }
}
