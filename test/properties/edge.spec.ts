import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../support/properties.js';
import { EdgePair, ledgerOf } from '../support/edge/edge-pair.js';
import { content, mutation } from '../support/models/arbitraries.js';
import { atomesOf, FollowingClient } from '../support/clients/following-client.js';
import type { Fault } from '../support/faults/fault-proxy.js';
import { pushedWrite } from '../../src/edge/pushed-write.js';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import type { AlterationRow } from '../../src/ledger/rows.js';
import type { AlterationBody } from '../../src/protocol/index.js';
import type { TestApp } from '../support/server/app.js';

/** Few here; by hand `EDGE_RUNS=1000 npm run jest -- test/properties/edge.spec.ts`. */
const RUNS = Number(process.env.EDGE_RUNS ?? 12);
const PATIENCE_MS = 60_000 + RUNS * 5_000;

const share = fc
  .constantFrom('tenant', 'private', 'inherit', { read: ['somebody'], write: [] })
  .map((access) => ({ operation: 'share', changes: { access } }));
const change = fc.oneof({ weight: 10, arbitrary: mutation('') }, { weight: 1, arbitrary: share });
const write = fc.record({ id: fc.constantFrom('a', 'a', 'b', 'c', 'd'), change });
const writes = fc.array(write, { maxLength: 12 });
interface Write {
  readonly id: string;
  readonly change: object;
}

const FAULTS: readonly (Fault | null)[] = [
  null,
  { kind: 'refuse' },
  { kind: 'refuse' },
  { kind: 'cut' },
  { kind: 'lose-answer' },
];
const phase = fc.record({ fault: fc.constantFrom(...FAULTS), edge: writes, core: writes, isJoined: fc.boolean() });
const play = fc.record({
  begin: fc.record({ a: content, b: content, c: content }),
  phases: fc.array(phase, { minLength: 1, maxLength: 4 }),
});

describe('an edge and the server above it, written to at both sides while the way fails', () => {
  let pair: EdgePair;
  const reader = new FollowingClient();
  let run = 0;
  let made = 0;
  beforeAll(async () => {
    pair = await EdgePair.start();
    await pair.joined();
    reader.connect(pair.edge);
  });
  afterAll(async () => {
    reader.disconnect();
    await pair.close();
  });

  async function push(app: TestApp, all: readonly Write[]): Promise<void> {
    if (all.length === 0) return;
    const { status } = await app.api.post('/api/sync/push', { operations: all.map(operationOf) });
    expect(status).toBe(200);
  }

  function operationOf({ id, change: asked }: Write): object {
    const alteration = { reason: null, ...asked, atomeId: `${run}-${id}` } as unknown as AlterationBody;
    const opId = `op-${(made += 1)}`;
    const { hlc: _hlc, ...pushed } = pushedWrite(alteration, opId)!;
    if (alteration.operation !== 'restore') return pushed;
    const { atomeId, operation, changes } = alteration;
    return { opId, atomeId, operation, changes: { version: changes.version } };
  }

  const created = (id: string, changes: unknown): Write => ({ id, change: { operation: 'create', changes } });

  async function rowsOf(app: TestApp): Promise<readonly AlterationRow[]> {
    const ledger = ledgerOf(app);
    expect((await verifyLedger(ledger)).fault).toBeUndefined();
    return ledger.alterations.page({ after: 0, upTo: 1e9, limit: 1e6, chars: 1e9 });
  }

  it(
    'come to the same states, whatever was written where and when',
    async () => {
      await fc.assert(
        fc.asyncProperty(play, async ({ begin, phases }) => {
          run += 1;
          await push(pair.core, [created('a', begin.a), created('b', begin.b)]);
          await push(pair.edge, [created('c', begin.c)]);
          await pair.joined();
          for (const { fault, edge, core, isJoined } of phases) {
            if (fault) pair.way.break(fault);
            await Promise.all([push(pair.edge, edge), push(pair.core, core)]);
            pair.way.heal();
            if (isJoined) await pair.joined();
          }
          await pair.joined();
          const [edge, core] = await pair.states();
          expect(edge).toEqual(core);
        }),
        { numRuns: RUNS },
      );
    },
    PATIENCE_MS,
  );

  it('have every opId once, in sound ledgers', async () => {
    for (const rows of [await rowsOf(pair.edge), await rowsOf(pair.core)]) {
      const opIds = rows.flatMap(({ opId }) => opId ?? []);
      expect(new Set(opIds).size).toBe(opIds.length);
    }
  });

  it('know where each other stand', async () => {
    const head = (await rowsOf(pair.core)).at(-1)!;
    const { upstream, safe } = pair.link.status();
    expect(upstream).toMatchObject({ seq: head.seq, hash: head.hash });
    expect(safe).toBe((await rowsOf(pair.edge)).at(-1)!.seq);
  });

  it('tell a reader of the edge all of it, and never to begin anew', async () => {
    await reader.reached(pair.link.status().safe);
    expect(reader.resets).toEqual([]);
    expect(reader.detours).toBe(0);
    expect(reader.atomes).toEqual(await atomesOf(pair.edge));
  });
});
