import { describe, expect, it } from '@jest/globals';
import type { BeforeWrite } from '../kinds/kind-options.js';
import { KindRegistry } from '../kinds/kind-registry.js';
import type { Outcome } from '../ledger/outcome.js';
import type { PreparedMutation } from '../ledger/write/prepared-mutation.js';
import { Unprepared } from '../ledger/write/prepared-mutation.js';
import { DEFAULT_LIMITS, type Mutation, type Principal } from '../protocol/index.js';
import { callerOf } from './caller.js';
import { PreparedWriter } from './prepared-writer.js';
import { WriteHooks } from './write-hooks.js';

const alice: Principal = { id: 'alice', tenant: 'acme', roles: ['writer'] };
const origin = { principal: alice, sourceClient: null };
const MANY_MS = 60_000;

function create(atomeId: string, kind = 'note'): Mutation {
  const changes = { kind, type: null, data: {}, meta: {}, parentId: null };
  return { opId: null, atomeId, baseVersion: null, hlc: null, reason: null, operation: 'create', changes };
}

/** A writer behind which nothing is, and what it was handed. */
function writerOf(hook: BeforeWrite, { prepareMs = MANY_MS, refusals = [] as Error[] } = {}) {
  const kinds = new KindRegistry({ note: { beforeWrite: hook } });
  const handedOn: PreparedMutation[] = [];
  const lines: string[] = [];
  const none = () => Promise.reject(new Error('nothing is read'));
  const queries = { find: () => Promise.resolve(undefined), kindOf: none, get: none, list: none };
  const writer = {
    submit: (_tenant: string, mutation: PreparedMutation) => {
      handedOn.push(mutation);
      const refusal = refusals.shift();
      return refusal ? Promise.reject(refusal) : Promise.resolve({ outcome: 'applied' } as Outcome);
    },
    submitAll: none,
  };
  const hooks = new WriteHooks(kinds, queries, DEFAULT_LIMITS, prepareMs);
  const prepared = new PreparedWriter(writer, kinds, hooks, (cause) => lines.push(cause));
  return { prepared, handedOn, lines };
}

describe('a write that the application looks at', () => {
  it('is given up when it never answers, and neither are those that wait for it', async () => {
    const shown: string[] = [];
    const { prepared, handedOn, lines } = writerOf(
      ({ atomeId }) => {
        shown.push(atomeId);
        return atomeId === 'stuck' ? new Promise<undefined>(() => undefined) : undefined;
      },
      { prepareMs: 50 },
    );
    const by = callerOf(alice, 'c1');
    const [first, second, third] = await Promise.allSettled([
      prepared.submit('acme', create('stuck'), origin, by),
      prepared.submit('acme', create('next'), origin, by),
      prepared.submit('acme', create('other', 'free'), origin, callerOf(alice, null)),
    ]);
    expect(first).toMatchObject({ reason: { code: 'unavailable', retryable: true } });
    expect([second.status, third.status]).toEqual(['fulfilled', 'fulfilled']);
    expect([shown, handedOn.map(({ atomeId }) => atomeId)]).toEqual([
      ['stuck', 'next'],
      ['other', 'next'],
    ]);
    expect(lines).toEqual(['late hook']);
  });

  it('reaches the ledger behind those that came before it over the same connection', async () => {
    let letGo: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (letGo = resolve));
    const { prepared, handedOn } = writerOf(({ atomeId }) => (atomeId === 'slow' ? slow : undefined));
    const write = (id: string, client: string | null, kind?: string) =>
      prepared.submit('acme', create(id, kind), origin, callerOf(alice, client));
    const waiting = [write('slow', 'c1'), write('behind', 'c1', 'free'), write('same', null)];
    await write('elsewhere', 'c2');
    expect(handedOn.map(({ atomeId }) => atomeId).sort()).toEqual(['elsewhere', 'same']);
    letGo();
    await Promise.all(waiting);
    expect(handedOn.slice(2).map(({ atomeId }) => atomeId)).toEqual(['slow', 'behind']);
  });

  it('is shown after the one before it to the same atome is decided', async () => {
    const order: string[] = [];
    const { prepared, handedOn } = writerOf(({ reason }) => {
      order.push(`${reason} with ${handedOn.length} decided`);
    });
    const writes = ['first', 'second', 'third'].map((reason) =>
      prepared.submit('acme', { ...create('a'), reason }, origin, callerOf(alice, null)),
    );
    await Promise.all(writes);
    expect(order).toEqual(['first with 0 decided', 'second with 1 decided', 'third with 2 decided']);
  });

  it('is shown again where another process was faster, but not for ever', async () => {
    let shown = 0;
    const often = Array.from({ length: 7 }, () => new Unprepared());
    const { prepared } = writerOf(() => void (shown += 1), { refusals: often });
    const write = () => prepared.submit('acme', create('a'), origin, callerOf(alice, null));
    await expect(write()).rejects.toMatchObject({ code: 'unavailable' });
    expect(shown).toBe(5);
    await write();
    expect(shown).toBe(8);
  });

  it('is refused where too many are looked at already', async () => {
    let letGo: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (letGo = resolve));
    const { prepared, lines } = writerOf(() => slow);
    const writes = Array.from({ length: 5_000 }, (_, n) =>
      prepared.submit('acme', create(`a${n}`), origin, callerOf(alice, null)),
    );
    await expect(prepared.submit('acme', create('more'), origin, callerOf(alice, null))).rejects.toMatchObject({
      code: 'unavailable',
    });
    const other = prepared.submit('globex', create('more'), origin, callerOf(alice, null));
    letGo();
    await Promise.all([...writes, other]);
    await prepared.submit('acme', create('more'), origin, callerOf(alice, null));
    expect(lines).toEqual(['hooks']);
  });
});
