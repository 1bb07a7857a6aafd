import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../support/properties.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { Outcome } from '../../src/ledger/outcome.js';
import { atomeOf, stateOf, withoutClocks } from '../../src/ledger/row-mapper.js';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import { formatHlc, type Mutation } from '../../src/protocol/index.js';
import { mutation } from '../support/models/arbitraries.js';
import { openLedger, ORIGIN, type TestLedger } from '../support/ledger/ledger.js';
import { createDatabase } from '../support/databases/postgres.js';
import { replayEvents, replayFold } from '../support/feed/replay.js';

const NOW = 1_700_000_000_000;
const IDS = ['a', 'b', 'c'];
/** How far each of the five clients' clocks is off, in milliseconds. */
const SKEWS = [0, -3_600_000, -20, 15, 90_000];

interface Arrival {
  readonly mutation: Mutation;
  /** How often it is sent. */
  readonly times: number;
  /** Whether all that was sent before is answered first. */
  readonly waits: boolean;
}

const write = fc.record({
  change: fc.constantFrom(...IDS).chain(mutation),
  client: fc.nat(SKEWS.length - 1),
  stamped: fc.boolean(),
  times: fc.constantFrom(1, 1, 1, 2, 3),
  waits: fc.boolean(),
  /** Later than it was made, by as many places. */
  delay: fc.nat(12),
});

/** What five clients send, in the order in which it arrives. */
const arrivals: fc.Arbitrary<Arrival[]> = fc.array(write, { minLength: 5, maxLength: 60 }).map((writes) =>
  writes
    .map(({ change, client, stamped, delay, ...rest }, made) => {
      const hlc = stamped ? formatHlc(NOW + SKEWS[client]! + made, 0, `client-${client}`) : null;
      const restored = change.operation === 'restore' ? { changes: { version: change.changes.version } } : {};
      const sent = { ...change, ...restored, hlc, opId: `op-${made}` } as Mutation;
      return { ...rest, mutation: sent, place: made + delay };
    })
    .sort((one, other) => one.place - other.place),
);

/** Sends it all; what is refused is refused, anything but a refusal is a fault. */
async function send(ledger: TestLedger, tenant: string, all: readonly Arrival[]): Promise<Map<Mutation, Outcome[]>> {
  const outcomes = new Map<Mutation, Outcome[]>();
  let answered: Promise<unknown>[] = [];
  for (const { mutation: sent, times, waits } of all) {
    if (waits) await Promise.all(answered.splice(0));
    outcomes.set(sent, []);
    const answers = Array.from({ length: times }, () =>
      ledger.writer.submit(tenant, sent, ORIGIN).then(
        (outcome) => outcomes.get(sent)!.push(outcome),
        (error: unknown) => expect(error).toMatchObject({ code: expect.not.stringMatching('internal') }),
      ),
    );
    answered = [...answered, ...answers];
  }
  await Promise.all(answered);
  return outcomes;
}

async function check(ledger: TestLedger, tenant: string, all: readonly Arrival[]): Promise<void> {
  const { store } = ledger;
  const reader = ledger.ledgers.of(tenant);
  const outcomes = await send(ledger, tenant, all);
  const { seq: head } = await reader.head();
  const rows = await store.ledger(tenant).atomes.after({ after: '', limit: 100, isWhole: true });
  const atomes = new Map(rows.map((row) => [row.id, atomeOf(row)]));
  const living = new Map([...atomes].filter(([, { deletedAt }]) => deletedAt === null));

  // all replicas end as the server does
  const folded = await replayFold(reader, head, 400);
  expect(folded.states).toEqual(new Map(rows.map((row) => [row.id, stateOf(row)])));
  expect(await replayEvents(reader, head, { chars: 0 })).toEqual(living);
  expect(await replayEvents(reader, head, { chars: 300, compact: true })).toEqual(living);

  // without a gap
  expect(folded.seqs).toEqual(Array.from({ length: head }, (_, i) => i + 1));
  for (const [id, versions] of folded.versions) {
    expect(versions.map(({ version }) => version)).toEqual(versions.map((_, i) => i + 1));
    for (const state of versions) {
      expect(await reader.getAt(id, { version: state.version })).toEqual(withoutClocks(state));
    }
  }

  // each write once, and what lost is in the history
  let applied = 0;
  for (const [sent, answers] of outcomes) {
    const first = answers.find((answer) => answer.outcome === 'applied');
    if (first?.outcome !== 'applied') continue;
    applied += 1;
    const { atomeId, version, superseded, seq } = first.committed.alteration;
    expect(answers.filter((answer) => answer !== first).every((answer) => answer.outcome === 'duplicate')).toBe(true);
    const kept = await reader.alteration(atomeId, version);
    expect(kept).toMatchObject({ seq, superseded, opId: sent.opId, operation: sent.operation });
    expect(kept!.changes).toMatchObject(sent.changes);
  }
  expect(applied).toBe(head);
  expect(await verifyLedger(store.ledger(tenant))).toMatchObject({ alterations: head, fault: undefined });
}

describe('five clients with clocks of their own', () => {
  it('end with the server in one state, on SQLite', async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, async (all) => {
        const ledger = await openLedger(undefined, { now: () => NOW });
        try {
          await check(ledger, 'default', all);
        } finally {
          await ledger.close();
        }
      }),
      { numRuns: 60 },
    );
  });

  describe('on PostgreSQL', () => {
    let ledger: TestLedger;
    let drop: () => Promise<void>;
    beforeAll(async () => {
      const database = await createDatabase();
      drop = database.drop;
      ledger = await openLedger(await openStore(database.url), { now: () => NOW });
    });
    afterAll(async () => {
      await ledger.close();
      await drop();
    });

    it('end with the server in one state', async () => {
      let tenants = 0;
      await fc.assert(
        fc.asyncProperty(arrivals, (all) => check(ledger, `tenant-${++tenants}`, all)),
        { numRuns: 12 },
      );
    });
  });

  it('is not about nothing: writes lose, are repeated and are refused', async () => {
    const ledger = await openLedger(undefined, { now: () => NOW });
    const seen = new Set<string>();
    let run = 0;
    for (const all of fc.sample(arrivals, { numRuns: 40, seed: 1 })) {
      const outcomes = await send(ledger, `tenant-${++run}`, all);
      for (const answers of outcomes.values()) {
        if (answers.length === 0) seen.add('refused');
        for (const answer of answers) {
          seen.add(answer.outcome);
          if (answer.outcome === 'applied' && answer.committed.alteration.superseded.length > 0) seen.add('lost');
        }
      }
    }
    expect([...seen].sort()).toEqual(['applied', 'duplicate', 'lost', 'noop', 'refused']);
    await ledger.close();
  });
});
