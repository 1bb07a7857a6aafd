import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Gate } from '../../../test/support/gate.js';
import {
  by,
  create,
  openLedger,
  ORIGIN,
  TENANT,
  update,
  write,
  type TestLedger,
} from '../../../test/support/ledger/ledger.js';
import { WatchedStore } from '../../../test/support/ledger/watched-store.js';
import { AtomeError, type Mutation } from '../../protocol/index.js';
import type { JoinedTransaction } from '../store.js';
import { openStore } from '../stores/open-store.js';
import { tracing, type Traces } from '../traces.js';
import { LARGE } from '../turns.js';
import type { Committed, Outcome } from '../outcome.js';
import { MAX_APART_GROUPS } from './admission.js';
import { MAX_WRITES } from './group-size.js';

describe('the writer', () => {
  let watched: WatchedStore;
  let ledger: TestLedger;
  beforeEach(async () => {
    watched = new WatchedStore(await openStore('sqlite::memory:'));
    ledger = await openLedger(watched.store);
  });
  afterEach(() => ledger.close());

  /** What came of each write that was submitted at once: an outcome, or the code of its refusal. */
  const writeAll = async (...mutations: Mutation[]): Promise<string[]> => {
    const all = await Promise.allSettled(mutations.map((each) => ledger.write(each)));
    return all.map((each) =>
      each.status === 'fulfilled' ? each.value.outcome : each.reason instanceof AtomeError ? each.reason.code : 'fault',
    );
  };
  const seqOf = (outcome: Outcome): number =>
    outcome.outcome === 'applied' ? outcome.committed.alteration.seq : outcome.seq;
  const head = async (): Promise<number> => (await ledger.reader.head()).seq;

  it('commits what arrives together in one transaction, in the order submitted', async () => {
    const outcomes = await Promise.all(Array.from({ length: 50 }, (_, i) => ledger.write(create(`a${i}`))));
    expect(outcomes.map(seqOf)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    expect(watched.count('write.commit')).toBe(1);
  });

  it('takes no more into a transaction than atomes of about a million characters', async () => {
    const text = 'x'.repeat(1_000_000);
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, i) => ledger.write(create(`a${i}`, { text }))));
    expect(outcomes.map(seqOf)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(watched.count('write.commit')).toBe(10);
  });

  it('gathers the next group while one commits', async () => {
    const gate = new Gate();
    watched.before = (method) => (method === 'write.commit' ? gate.pass() : undefined);
    const first = ledger.write(create('a'));
    await gate.reached;
    const next = ['b', 'c', 'd'].map((id) => ledger.write(create(id)));
    expect(watched.count('write.commit')).toBe(1);
    gate.open();
    expect((await Promise.all([first, ...next])).map(seqOf)).toEqual([1, 2, 3, 4]);
    expect(watched.count('write.commit')).toBe(2);
  });

  it.each([
    ['sqlite', 'answers those of a group before the next one is decided'],
    ['postgres', 'has a database elsewhere do the next group while it answers, in order'],
  ] as const)('over %s %s', async (kind, _) => {
    const happened: string[] = [];
    Object.defineProperty(watched.store, 'kind', { value: kind });
    ledger.writer.onCommit((_tenant, committed) => happened.push(`told of ${committed.length}`));
    const gate = new Gate();
    watched.before = async (method) => {
      if (method !== 'write.commit') return;
      happened.push('commit');
      await gate.pass();
    };
    const written = ['a', 'b', 'c'].map((id) => ledger.write(create(id)).then(() => happened.push(id)));
    await gate.reached;
    const next = ['d', 'e'].map((id) => ledger.write(create(id)).then(() => happened.push(id)));
    gate.open();
    await Promise.all([...written, ...next]);
    const [told, answered] = [/told/, /^.$/].map((kept) => happened.filter((each) => kept.test(each)).join());
    expect([told, answered]).toEqual(['told of 3,told of 2', 'a,b,c,d,e']);
    expect(happened.lastIndexOf('commit') < happened.indexOf('told of 3')).toBe(kind === 'postgres');
  });

  it('does not let one tenant wait for another', async () => {
    await ledger.write(create('warm'));
    await ledger.writer.submit('other', create('warm'), ORIGIN);
    const gate = new Gate();
    let commits = 0;
    watched.before = (method) => (method === 'write.commit' && ++commits === 1 ? gate.pass() : undefined);
    const held = ledger.write(create('a'));
    await ledger.writer.submit('other', create('a'), ORIGIN);
    gate.open();
    expect(seqOf(await held)).toBe(2);
  });

  it('tells of each group after its commit, in order', async () => {
    const told: string[] = [];
    ledger.writer.onCommit((tenant, committed: readonly Committed[]) => {
      told.push(`${tenant} ${committed.map(({ alteration }) => alteration.seq).join(',')}`);
      expect(watched.count('write.commit')).toBe(told.length);
    });
    await writeAll(create('a'), create('b'), update('nobody', {}));
    await writeAll(update('a', { x: 1 }));
    await writeAll(update('nobody', {}));
    expect(told).toEqual([`${TENANT} 1,2`, `${TENANT} 3`]);
  });

  it('spoils nothing by one refused write', async () => {
    const outcomes = await writeAll(
      create('a'),
      update('unknown', { x: 1 }),
      update('a', { x: 1 }),
      update('a', { x: 2 }, { baseVersion: 1 }),
      write('a', 'patch', [{ op: 'test', path: '/x', value: 9 }]),
      write('a', 'restore', { version: 9 }),
      create('a', { other: true }),
      update('a', { x: 3 }, { baseVersion: 2 }),
    );
    const expected = 'applied,not_found,applied,conflict,patch_failed,not_found,exists,applied';
    expect(outcomes.join()).toBe(expected);
    expect(await head()).toBe(3);
  });

  it.each(['create', 'update', 'replace', 'patch', 'delete', 'restore', 'share'] as const)(
    'spoils nothing by one %s that cannot be decided',
    async (operation) => {
      await writeAll(create('z'));
      const broken = { ...update('z', {}), operation } as Mutation;
      const fail = (): never => {
        throw new Error('no changes');
      };
      Object.defineProperty(broken, 'changes', { get: fail });
      expect(await writeAll(create('a'), broken, create('b'))).toEqual(['applied', 'internal', 'applied']);
    },
  );

  it('writes none of several that belong together when one cannot be decided', async () => {
    await writeAll(create('z'));
    const broken = Object.defineProperty({ ...update('z', {}) }, 'changes', {
      get: () => {
        throw new Error('no changes');
      },
    });
    const [together, other] = await Promise.all([
      ledger.writer.submitAll(TENANT, [create('a'), broken, create('b')], ORIGIN),
      ledger.write(create('c')),
    ]);
    expect(together.map((each) => each instanceof AtomeError && each.code)).toEqual(Array(3).fill('internal'));
    expect(seqOf(other)).toBe(2);
    expect(await head()).toBe(2);
  });

  it('spoils nothing by a restore whose past cannot be read', async () => {
    await writeAll(create('a'), create('b'));
    watched.before = (method) => {
      if (method === 'alterations.deltaChain') throw new Error('the row is not JSON');
    };
    const outcomes = await writeAll(update('b', { x: 1 }), write('a', 'restore', { version: 1 }), create('c'));
    expect(outcomes).toEqual(['applied', 'internal', 'applied']);
  });

  it('refuses the whole group when its commit fails, and goes on', async () => {
    watched.before = (method) => {
      if (method === 'write.commit') throw new AtomeError('storage_full', 'no space');
    };
    expect(await writeAll(create('a'), create('b'))).toEqual(['storage_full', 'storage_full']);
    watched.before = () => undefined;
    expect(await writeAll(create('a'))).toEqual(['applied']);
    expect(await head()).toBe(1);
  });

  it('restores what was written just before', async () => {
    const outcomes = await writeAll(
      create('a', { x: 1 }),
      update('a', { x: 2 }),
      write('a', 'restore', { version: 1 }),
      write('a', 'delete', {}),
      write('a', 'restore', { version: 2 }),
    );
    expect(outcomes).toEqual(Array(5).fill('applied'));
    expect(await ledger.reader.get('a')).toMatchObject({ version: 5, data: { x: 2 } });
  });

  it('never goes back in time', async () => {
    let now = 5_000;
    const skewed = await openLedger(undefined, { now: () => now });
    await skewed.write(create('a'));
    now = 1_000;
    await skewed.write(update('a', { x: 1 }));
    expect(await skewed.reader.get('a')).toMatchObject({
      updatedAt: '1970-01-01T00:00:05.000Z',
      data: { x: 1 },
    });
    await skewed.close();
  });

  it('answers what it has decided, though whoever follows writes fails', async () => {
    const faults: unknown[] = [];
    const decided = (): never => {
      throw new Error('nobody can follow it');
    };
    const by = { apart: <T>(work: () => T) => work(), decided } as Partial<Traces> as Traces;
    Object.assign(tracing, { by, onError: (error: unknown) => faults.push(error) });
    try {
      expect(await writeAll(create('a'), create('a', { x: 1 }))).toEqual(['applied', 'exists']);
      watched.before = () => Promise.reject(new Error('no database'));
      expect(await writeAll(create('b'))).toEqual(['fault']);
      watched.before = () => undefined;
      expect(await writeAll(create('b'))).toEqual(['applied']);
    } finally {
      delete tracing.by;
      delete tracing.onError;
    }
    expect(faults).toHaveLength(3);
  });

  it('answers what it has taken before it ends, and takes nothing new', async () => {
    const taken = [create('a'), create('b')].map((each) => ledger.write(each));
    const drained = ledger.writer.drain();
    await expect(ledger.write(create('c'))).rejects.toMatchObject({ code: 'unavailable' });
    await drained;
    expect((await Promise.all(taken)).map(seqOf)).toEqual([1, 2]);
    await ledger.writer.drain();
  });

  describe('of principals who alter what is large', () => {
    const large = create('large', { text: 'x'.repeat(LARGE) });
    /** Those of one who rests, as many as may wait and one more, and one of somebody else, in the order in which they are decided. */
    const decided = async (): Promise<string[]> => {
      const order: string[] = [];
      const count = MAX_APART_GROUPS * MAX_WRITES;
      const submit = (id: string, origin = ORIGIN): Promise<unknown> =>
        ledger.writer.submit(TENANT, create(id), origin).then(
          () => order.push(id),
          (refusal: unknown) => order.push((refusal as AtomeError).code),
        );
      const own = Array.from({ length: count + 1 }, (_, n) => submit(`own-${n}`));
      await Promise.all([...own, submit('other', by('somebody else'))]);
      expect(order.filter((each) => each === 'unavailable')).toHaveLength(1);
      return order.filter((each) => each === 'own-0' || each === 'other');
    };

    it('has their writes rest, some of them, and those of nobody else', async () => {
      await ledger.write(large);
      expect(await decided()).toEqual(['other', 'own-0']);
    });

    it('has them rest for what they write in a transaction that nobody can pass', async () => {
      const { write } = ledger.store.ledger(TENANT);
      await write.open();
      const within = {
        isExclusive: true,
        commit: (_tenant: string, ...rest: Parameters<typeof write.commit>) => write.commit(...rest),
      } as JoinedTransaction;
      const outcomes = await ledger.writer.submitAll(TENANT, [large], { ...ORIGIN, within });
      expect(outcomes).toMatchObject([{ outcome: 'applied' }]);
      expect(await decided()).toEqual(['other', 'own-0']);
    });
  });
});
