import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../support/properties.js';
import { EdgePair } from '../support/edge/edge-pair.js';
import { mutation } from '../support/models/arbitraries.js';
import { pushedWrite } from '../../src/edge/pushed-write.js';
import { LEDGER_STORE, type LedgerStore } from '../../src/ledger/store.js';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import type { AlterationBody } from '../../src/protocol/index.js';
import type { TestApp } from '../support/server/app.js';

const IDS = ['a', 'b', 'c'];

const write = fc.record({
  change: fc.constantFrom(...IDS).chain(mutation),
  isAtEdge: fc.boolean(),
  isCut: fc.integer({ min: 0, max: 9 }).map((n) => n < 7),
});

describe('an edge and the server above it, written to at both sides while the way is cut and joined', () => {
  let pair: EdgePair;
  let run = 0;
  beforeAll(async () => {
    pair = await EdgePair.start();
    await pair.joined();
  });
  afterAll(() => pair.close());

  async function push(app: TestApp, at: number, { change }: { change: Parameters<typeof body>[0] }): Promise<void> {
    const { status, body: answer } = await app.api.post('/api/sync/push', { operations: [body(change, at)] });
    expect({ status, answer }).toMatchObject({ status: 200 });
  }

  function body(change: Omit<AlterationBody, 'seq'> | object, at: number): object {
    const asked = { ...change, atomeId: `${run}-${(change as AlterationBody).atomeId}` } as AlterationBody;
    const { hlc: _hlc, ...pushed } = pushedWrite(asked, `${run}-${at}`)!;
    return asked.operation === 'restore'
      ? { opId: `${run}-${at}`, operation: 'restore', atomeId: asked.atomeId, changes: { version: asked.changes.version } }
      : pushed;
  }

  it('come to the same states, with every opId once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(write, { minLength: 2, maxLength: 40 }), async (writes) => {
        run += 1;
        let isCut = false;
        for (const [at, each] of writes.entries()) {
          if (each.isCut !== isCut) {
            isCut = each.isCut;
            if (isCut) pair.way.break({ kind: 'refuse' });
            else pair.way.heal();
          }
          await push(each.isAtEdge ? pair.edge : pair.core, at, each);
        }
        pair.way.heal();
        await pair.joined();
        const [edge, core] = await pair.states();
        expect(edge).toEqual(core);
      }),
      { numRuns: Number(process.env.EDGE_RUNS ?? 15) },
    );
    for (const app of [pair.edge, pair.core]) {
      const ledger = app.app.get<LedgerStore>(LEDGER_STORE, { strict: false }).ledger('default');
      const rows = await ledger.alterations.page({ after: 0, upTo: 1e9, limit: 1e6, chars: 1e9 });
      const opIds = rows.flatMap(({ opId }) => (opId === null ? [] : [opId]));
      expect(new Set(opIds).size).toBe(opIds.length);
      expect((await verifyLedger(ledger)).fault).toBeUndefined();
    }
  }, 120_000);
});
