import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import type { HeadRow } from '../../src/ledger/rows.js';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { KnownHeads } from '../../src/ledger/stores/postgres/known-heads.js';
import type { LedgerStore, LockedState } from '../../src/ledger/store.js';
import { AtomeError, type Mutation } from '../../src/protocol/index.js';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';
import { create, openLedger, TENANT, update, type TestLedger } from '../support/ledger/ledger.js';
import { watchStatements } from '../support/ledger/statements.js';
import fc from '../support/properties.js';
import { randomFrom } from '../support/models/random.js';

const WRITES = 120;

type Guess = Omit<LockedState, 'head'> & { readonly head: HeadRow };

/** What is decided before it is known that it holds. */
function guessesOf(store: LedgerStore): Pick<KnownHeads, 'before'> & { known: Map<string, { head: HeadRow }> } {
  return (store as unknown as { commits: { known: ReturnType<typeof guessesOf> } }).commits.known;
}

describe('servers that decide writes before they know where the ledger stands', () => {
  let database: TestDatabase;
  const ledgers: TestLedger[] = [];
  beforeEach(async () => {
    database = await createDatabase();
    for (let node = 0; node < 2; node += 1) ledgers.push(await openLedger(await openStore(database.url)));
  });
  afterEach(async () => {
    await Promise.all(ledgers.splice(0).map((ledger) => ledger.close()));
    await database.drop();
  });

  /** Has a server guess each time, though others write too, and wrong where chance has it. */
  function guessAnyway({ store }: TestLedger, random: () => number): void {
    const guesses = guessesOf(store);
    jest.spyOn(guesses, 'before').mockImplementation((tenant, { atomeIds, createIds = [] }) => {
      const head = guesses.known.get(tenant)?.head;
      if (!head || atomeIds.length > createIds.length) return undefined;
      const wrong: Partial<HeadRow>[] = [
        ...[{ seq: head.seq - 1 }, { seq: head.seq + 1 }, { hash: 'f'.repeat(64) }],
        ...[{ bytes: head.bytes + 1 }, { epoch: 'another' }],
      ];
      const guess: Guess = { head, atomes: [], receipts: [], creations: [] };
      return { ...guess, head: { ...head, ...wrong[Math.floor(random() * 2 * wrong.length)] } };
    });
  }

  /** What came of a write: the seq of its alteration, or the code of its refusal. */
  const comeOf = (written: ReturnType<TestLedger['write']>): Promise<number | string> =>
    written.then(
      (outcome) => (outcome.outcome === 'applied' ? outcome.committed.alteration.seq : outcome.outcome),
      (error: unknown) => (error instanceof AtomeError ? error.code : String(error)),
    );

  it('add each once, without a gap, and answer what came of it', async () => {
    const random = randomFrom(fc.sample(fc.integer(), 1)[0]!);
    ledgers.forEach((ledger) => guessAnyway(ledger, random));
    const some = (count: number): number => Math.floor(random() * count);
    const next = (n: number): Mutation => {
      if (random() < 0.2) return update(`a${some(n + 1)}`, { n });
      // now and then an id, or a name, that another write has
      const [id, op] = [random() < 0.2 ? some(n + 1) : n, random() < 0.2 ? some(n + 1) : n];
      return create(`a${id}`, { n }, { opId: random() < 0.5 ? null : `op-${op}` });
    };
    const came: Promise<number | string>[] = [];
    for (let n = 0; n < WRITES; n += 1) {
      came.push(comeOf(ledgers[some(2)]!.write(next(n))));
      // some are alone, others in groups behind each other
      if (random() < 0.4) await came[some(came.length)];
    }
    const answers = await Promise.all(came);
    const seqs = answers.filter((answer) => typeof answer === 'number').sort((one, other) => one - other);
    const known = new Set(['exists', 'op_reused', 'not_found', 'duplicate', 'noop']);
    expect(answers.filter((answer) => typeof answer === 'string' && !known.has(answer))).toEqual([]);
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    const ledger = ledgers[0]!.store.ledger(TENANT);
    expect(await ledger.write.head()).toMatchObject({ seq: seqs.length });
    expect(await verifyLedger(ledger)).toMatchObject({ fault: undefined });
  });

  it('find what they took to be absent, an id and a name of any age', async () => {
    const [one, other] = ledgers as [TestLedger, TestLedger];
    await one.write(create('a', { n: 1 }, { opId: 'op' }));
    await one.write(update('a', { n: 1 }, { opId: 'op-noop' }));
    await one.write(create('b'));
    expect(await comeOf(one.write(create('a', { n: 1 }, { opId: 'op' })))).toBe('duplicate');
    await one.write(create('c'));
    expect(await comeOf(one.write(create('d', {}, { opId: 'op-noop' })))).toBe('op_reused');
    await one.write(create('e'));
    expect(await comeOf(one.write(create('a', { n: 2 })))).toBe('exists');
    await other.write(create('f'));
    expect(await comeOf(one.write(create('f', { n: 2 })))).toBe('exists');
    expect(await comeOf(one.write(create('g')))).toBe(6);
  });

  it.each([
    ['COMMIT', 1],
    ['ROLLBACK', 0],
  ])('decide anew what has waited for a lock that ends with %s, if anything may have been added', async (end, anew) => {
    const ledger = ledgers[0]!;
    await ledger.write(create('first'));
    const control = new pg.Client({ connectionString: database.url });
    await control.connect();
    // nothing that a guess is about tells of it
    await control.query('BEGIN; UPDATE atome.ledgers SET timestamp = timestamp');
    const statements = await watchStatements(ledger.store);
    const written = ledger.write(create('second', {}, { opId: 'op' }));
    const waits = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    while ((await control.query(waits)).rowCount === 0);
    await control.query(end);
    expect(await written).toMatchObject({ outcome: 'applied', committed: { alteration: { seq: 2 } } });
    expect(statements.take().filter((text) => text.includes('FOR UPDATE'))).toHaveLength(anew);
    statements.stop();
    await control.end();
  });

  it('do not go on guessing while others write, and do again when these have stopped', async () => {
    const [one, other] = ledgers as [TestLedger, TestLedger];
    const statements = await watchStatements(one.store);
    let n = 0;
    const locks = async (ledger: TestLedger): Promise<number> => {
      statements.take();
      await ledger.write(create(`w${(n += 1)}`));
      return statements.take().filter((text) => text.includes('FOR UPDATE')).length;
    };
    await one.write(create('first'));
    await one.write(create('second'));
    expect([await locks(one), await locks(one)]).toEqual([0, 0]);
    await other.write(create('theirs'));
    for (let round = 0; round < 3; round += 1) {
      expect(await locks(one)).toBe(1);
      await other.write(create(`theirs-${round}`));
    }
    expect([await locks(one), await locks(one), await locks(one)]).toEqual([1, 1, 0]);
    statements.stop();
  });
});
