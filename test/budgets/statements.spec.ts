import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { WriteOrigin } from '../../src/ledger/outcome.js';
import { SELECT_ATOMES, SELECT_RECEIPTS } from '../../src/ledger/stores/postgres/postgres.sql.js';
import { queryOf } from '../support/ledger/raw-query.js';
import { receiptParams, SELECT_READ_ATOME } from '../../src/ledger/stores/sql.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import {
  create,
  openLedger,
  ORIGIN,
  SOMEBODY,
  TENANT,
  update,
  write,
  type TestLedger,
} from '../support/ledger/ledger.js';
import type { Mutation } from '../../src/protocol/index.js';
import { createDatabase as createPostgres } from '../support/databases/postgres.js';
import { watchRoundTrips, watchStatements, type Statements } from '../support/ledger/statements.js';

/** Statements for a group of any size, and for each atome in it; and in how many transactions new atomes are added. */
const ALLOWED: Record<string, { readonly group: number; readonly atome: number; readonly begun: number }> = {
  // begin, head, receipts, head, commit; read and write the atome, insert the alteration
  SQLite: { group: 5, atome: 3, begun: 1 },
  // begin, lock the head, atomes, receipts, what is added, commit; new atomes are added by a statement alone
  PostgreSQL: { group: 6, atome: 0, begun: 0 },
};

const originIn = (tenant: string): WriteOrigin => ({ ...ORIGIN, principal: { ...ORIGIN.principal, tenant } });

describe.each(DATABASES)('statements of a group on %s', (name, createDatabase) => {
  const allowed = ALLOWED[name]!;
  let database: Database;
  let ledger: TestLedger;
  let statements: Statements;
  beforeEach(async () => {
    database = await createDatabase();
    const store = await openStore(database.url);
    ledger = await openLedger(store);
    await ledger.write(create('first'));
    statements = await watchStatements(store);
  });
  afterEach(async () => {
    statements.stop();
    await ledger.close();
    await database.drop();
  });

  /** Writes all at once: they are one group. */
  async function group(count: number, writeOne: (index: number) => Promise<unknown>): Promise<string[]> {
    statements.take();
    await Promise.all(Array.from({ length: count }, (_, index) => writeOne(index)));
    return statements.take();
  }

  it.each([1, 10, 100])('are few for %d creates, and one transaction', async (count) => {
    const taken = await group(count, (index) => ledger.write(create(`c${index}`, {}, { opId: `op-${index}` })));
    expect(taken.length).toBeLessThanOrEqual(allowed.begun === 0 ? 1 : allowed.group + allowed.atome * count);
    expect(taken.filter((sql) => /^\s*commit/i.test(sql))).toHaveLength(allowed.begun);
    expect(taken.filter((sql) => /^\s*begin/i.test(sql))).toHaveLength(allowed.begun);
  });

  it('are none that walk the tables, however few rows these had when they were planned', async () => {
    await group(1_000, (index) => ledger.write(create(`c${index}`, {}, { opId: `op-${index}` })));
    if (name !== 'PostgreSQL') return;
    const query = queryOf(ledger.store);
    const ids = JSON.stringify(['c1', 'new']);
    const planOf = async (statement: string, params: readonly unknown[]): Promise<string> =>
      JSON.stringify(await query(`EXPLAIN ${statement}`, [...params]));
    expect(await planOf(SELECT_ATOMES, [ids, TENANT])).toMatch(/Index Scan using atomes_pk.*id\)::text >= /);
    const receipts = await planOf(SELECT_RECEIPTS, receiptParams(TENANT, [{ opId: 'op-1', author: SOMEBODY.id }]));
    expect(receipts).toMatch(/Index Scan using alterations_by_op.*op_id\)::text >= /);
  });

  it('are no more for updates of one atome than for one alteration each', async () => {
    const count = 50;
    const taken = await group(count, (index) => ledger.write(update('first', { n: index }, { opId: `op-${index}` })));
    const perAlteration = Math.min(1, allowed.atome);
    expect(taken.length).toBeLessThanOrEqual(allowed.group + 2 + perAlteration * count);
    expect(taken.filter((sql) => /^\s*commit/i.test(sql))).toHaveLength(1);
  });

  it('are none that write when nothing changes', async () => {
    const taken = await group(20, () => ledger.write(update('first', {})));
    expect(taken.filter((sql) => /^\s*(insert|update)/i.test(sql))).toEqual([]);
  });

  it('are in as many transactions as tenants on PostgreSQL, and in one on SQLite', async () => {
    const tenants = Array.from({ length: 20 }, (_, index) => `tenant-${index}`);
    const all = (mutation: Mutation): Promise<unknown> =>
      Promise.all(tenants.map((tenant) => ledger.writer.submit(tenant, mutation, originIn(tenant))));
    await all(create('first'));
    statements.take();
    // what only adds begins none on PostgreSQL
    await all(name === 'SQLite' ? create('second') : update('first', { n: 1 }));
    const taken = statements.take();
    const transactions = name === 'SQLite' ? 1 : tenants.length;
    expect(taken.filter((sql) => /^\s*begin/i.test(sql))).toHaveLength(transactions);
    expect(taken.filter((sql) => /^\s*commit/i.test(sql))).toHaveLength(transactions);
  });
});

describe('a new PostgreSQL', () => {
  it('looks an atome up in its index as soon as there are a thousand', async () => {
    const database = await createPostgres();
    const ledger = await openLedger(await openStore(database.url));
    await Promise.all(Array.from({ length: 1_000 }, (_, index) => ledger.write(create(`c${index}`))));
    await ledger.close();

    const store = await openStore(database.url);
    const plan = JSON.stringify(await queryOf(store)(`EXPLAIN ${SELECT_READ_ATOME}`, [TENANT, 'c1']));
    expect(plan).toMatch(/Index Scan using atomes_pk/);
    await store.close();
    await database.drop();
  });
});

describe('the round trips of a group to PostgreSQL', () => {
  let database: Database;
  let ledger: TestLedger;
  let trips: Awaited<ReturnType<typeof watchRoundTrips>>;
  beforeEach(async () => {
    database = await createPostgres();
    ledger = await openLedger(await openStore(database.url));
    await ledger.write(create('first', {}, { opId: 'op-first' }));
    trips = await watchRoundTrips(ledger.store);
  });
  afterEach(async () => {
    trips.stop();
    await ledger.close();
    await database.drop();
  });

  it.each([1, 100])('is one for %d creates: all that is added, if nobody else has written', async (count) => {
    await Promise.all(Array.from({ length: count }, (_, index) => ledger.write(create(`c${index}`))));
    expect(trips.take()).toBe(1);
  });

  it('are two for an update: all that is read, all that is added', async () => {
    await ledger.write(update('first', { n: 1 }));
    expect(trips.take()).toBe(2);
  });

  it('are two for creates once others have been met, and one more when that shows', async () => {
    const other = await openLedger(await openStore(database.url));
    await other.write(create('theirs'));
    await ledger.write(create('a'));
    expect(trips.take()).toBe(3);
    await other.write(create('theirs too'));
    await ledger.write(create('b'));
    expect(trips.take()).toBe(2);
    await other.close();
  });

  it('are three for an erasure, and for a create that is repeated after the one that misses it', async () => {
    await ledger.write(create('first', {}, { opId: 'op-other' }));
    expect(trips.take()).toBe(4);
    await ledger.write(write('first', 'redact', {}));
    expect(trips.take()).toBe(3);
  });
});
