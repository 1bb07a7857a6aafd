import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from '../support/properties.js';
import { eventOf } from '../../src/feed/entry.js';
import { ledgerKeyOf } from '../../src/ledger/compaction/checkpoint.js';
import { compactLedger } from '../../src/ledger/compaction/compact-ledger.js';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import type { Mutation } from '../../src/protocol/index.js';
import { mutation } from '../support/models/arbitraries.js';
import { openLedger, ORIGIN, type TestLedger } from '../support/ledger/ledger.js';

const KEY = ledgerKeyOf('a secret of the spec');
const IDS = ['a', 'b', 'c'];
const RUNS = Number(process.env.PROPERTY_RUNS ?? 12);

/** Writes, and where the history is to begin behind them. */
const rounds = fc.array(
  fc.record({
    writes: fc.array(fc.constantFrom(...IDS).chain(mutation), { minLength: 1, maxLength: 15 }),
    floor: fc.nat(60),
  }),
  { minLength: 1, maxLength: 4 },
);

let store: SqlStore;
let ledger: TestLedger;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'archive-'));
  store = await openStore('sqlite::memory:');
  ledger = await openLedger(store);
});
afterAll(async () => {
  await ledger.close();
  await rm(folder, { recursive: true });
});

/** A state that is folded onto a base does not tell when each key was written, as one behind a snapshot does not. */
function contentAnd(state: object | null | undefined): object | null | undefined {
  return state && { ...state, clocks: undefined };
}

/** All that a reader can be shown of a ledger from its floor on. */
async function shown(tenant: string, floor: number): Promise<unknown> {
  const reader = ledger.ledgers.of(tenant);
  const { seq: head } = await reader.head();
  const { committed: compact } = await reader.newestPage(0, { chars: 1e9 });
  const whole = await reader.page(floor, head, { chars: 1e9, hasPrevious: true });
  return {
    states: await store.ledger(tenant).atomes.after({ after: '', limit: 100, isWhole: true }),
    // what was done cannot be told of what is archived, but what came of it
    compact: compact.map(({ alteration, atome, erased }) => [alteration.seq, atome, erased]),
    events: whole.map((each) => [eventOf(each), each.before, contentAnd(each.previous), each.current]),
    past: await Promise.all(
      IDS.flatMap((id) => [floor, floor + 1, head].map((seq) => reader.getAt(id, { seq }).catch(String))),
    ),
  };
}

let runs = 0;
it('shows the same from its floor on as before, wherever that is, and whatever was written', async () => {
  await fc.assert(
    fc.asyncProperty(rounds, async (all) => {
      const tenant = `t${(runs += 1)}`;
      const origin = { ...ORIGIN, principal: { ...ORIGIN.principal, tenant } };
      for (const { writes, floor } of all) {
        for (const each of writes) {
          const sent = { ...each, opId: null, hlc: null } as Mutation;
          await ledger.writer.submit(tenant, sent, origin).catch((error: unknown) => {
            expect(error).toMatchObject({ code: expect.not.stringMatching('internal') });
          });
        }
        const own = store.ledger(tenant);
        const head = (await own.write.head())?.seq ?? 0;
        const upTo = Math.max((await own.audit.floor())?.seq ?? 0, Math.min(floor, head - 1), 0);
        const before = head === 0 ? undefined : await shown(tenant, upTo);
        expect(await compactLedger({ ledger: own, folder, key: KEY }, floor)).toMatchObject({ floor: upTo });
        if (head === 0) continue;
        expect(await shown(tenant, upTo)).toEqual(before);
        expect((await verifyLedger(own, undefined, [KEY.publicKey])).fault).toBeUndefined();
      }
    }),
    { numRuns: RUNS },
  );
});
