import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Gate } from '../../test/support/gate.js';
import { feedParts } from '../../test/support/feed/feed-parts.js';
import { create, openLedger, SOMEBODY, TENANT, update, type TestLedger } from '../../test/support/ledger/ledger.js';
import { queryOf } from '../../test/support/ledger/raw-query.js';
import { WatchedStore } from '../../test/support/ledger/watched-store.js';
import { openStore } from '../ledger/stores/open-store.js';
import type { Committed } from '../ledger/outcome.js';
import type { Mutation } from '../protocol/index.js';
import { Batch } from './batch.js';
import { resetReasonOf } from './cursor-check.js';
import { DEFAULT_FEED_OPTIONS } from './options.js';
import { openTenantLog, type TenantLog } from './tenant-log.js';

/** A reader that waits for what it asks for. */
const SOME = { principal: SOMEBODY, isWaiting: true };

describe('the log of a tenant', () => {
  let watched: WatchedStore;
  let ledger: TestLedger;
  let query: (sql: string) => Promise<unknown>;
  let log: TenantLog;
  let heard: string[];
  /** What the writer has told, not yet passed on. */
  let told: (readonly Committed[])[];
  beforeEach(async () => {
    watched = new WatchedStore(await openStore('sqlite::memory:'));
    query = queryOf(watched.store);
    ledger = await openLedger(watched.store);
    told = [];
    ledger.writer.onCommit((_tenant, committed) => told.push(committed));
    await ledger.write(create('a'));
    log = await openLog();
    told = [];
  });
  afterEach(() => ledger.close());

  async function openLog(frameChars = DEFAULT_FEED_OPTIONS.frameChars): Promise<TenantLog> {
    const opened = openTenantLog(
      TENANT,
      await ledger.reader.head(),
      feedParts(ledger.ledgers, { ...DEFAULT_FEED_OPTIONS, frameChars }),
    );
    heard = [];
    opened.tail.listen({ advanced: () => heard.push(`to ${opened.tail.seq}`), reset: (reason) => heard.push(reason) });
    return opened;
  }
  /** Commits one alteration, which is told to nobody yet. */
  const commit = async (n: number, more: Mutation[] = []): Promise<readonly Committed[]> => {
    await Promise.all([update('a', { n }), ...more].map((each) => ledger.write(each)));
    return told.shift()!;
  };
  /** The ledger as it was at a seq: what a restored copy holds. */
  const rewind = async (seq: number): Promise<void> => {
    await query(`DELETE FROM atome_alterations WHERE seq > ${seq}`);
    await query(`UPDATE atome_ledgers SET (seq, hash) = (SELECT seq, hash FROM atome_alterations WHERE seq = ${seq})`);
    await query(`UPDATE atome_atomes SET seq = ${seq}, version = ${seq}`);
  };
  const inMemory = (after: number): number[] | undefined => {
    const batch = log.batches.batchAfter(after, SOME);
    if (batch instanceof Batch) return batch.entries.map(({ seq }) => seq);
    batch.catch(() => undefined);
    return undefined;
  };

  it('takes what is committed here without asking the ledger', async () => {
    const [two, three] = [await commit(2), await commit(3, [update('a', { m: 1 })])];
    const asked = watched.calls.length;
    log.tail.append(two);
    log.tail.append(three);
    expect(heard).toEqual(['to 2', 'to 4']);
    expect(inMemory(1)).toEqual([2, 3, 4]);
    expect(inMemory(3)).toEqual([4]);
    expect(log.tail.hash).toBe(three.at(-1)!.hash);
    expect(watched.calls).toHaveLength(asked);
  });

  it('does not have what was before it, nor what is not yet', async () => {
    log.tail.append(await commit(2));
    expect(inMemory(0)).toBeUndefined();
    expect(inMemory(2)).toBeUndefined();
  });

  it('gives as much as a frame takes, and one at least', async () => {
    const [groups, logs] = [[] as (readonly Committed[])[], [await openLog(1), await openLog(1_000)]];
    for (let n = 2; n < 6; n += 1) groups.push(await commit(n));
    for (const each of logs) groups.forEach((group) => each.tail.append(group));
    expect(logs[0]!.batches.batchAfter(1, SOME)).toMatchObject({ to: 2, hash: await log.tail.hashAt(2) });
    expect(logs[1]!.batches.batchAfter(1, SOME)).toMatchObject({ to: 3, hash: await log.tail.hashAt(3) });
  });

  it('fills a hole from the ledger', async () => {
    await commit(2);
    await commit(3);
    log.tail.append(await commit(4));
    await log.tail.refresh();
    expect(inMemory(1)).toEqual([2, 3, 4]);
    expect(heard).toEqual(['to 4']);
  });

  it('hears of what others commit', async () => {
    await commit(2);
    await commit(3);
    log.tail.notify(3);
    await log.tail.refresh();
    expect(inMemory(1)).toEqual([2, 3]);
  });

  it('is not confused by what comes late, twice or mixed with a filling', async () => {
    const groups = [await commit(2), await commit(3), await commit(4), await commit(5)];
    const gate = new Gate();
    watched.after = (method) => (method === 'alterations.page' ? gate.pass() : undefined);
    log.tail.notify(4);
    await gate.reached;
    log.tail.append(groups[0]!);
    log.tail.append(groups[1]!);
    log.tail.append(groups[1]!);
    log.tail.append(groups[3]!);
    log.tail.notify(2);
    gate.open();
    await log.tail.refresh();
    log.tail.append(groups[2]!);
    log.tail.append(groups[3]!);
    log.tail.notify(5);
    await log.tail.refresh();
    expect(inMemory(1)).toEqual([2, 3, 4, 5]);
    expect(heard.filter((each) => !each.startsWith('to '))).toEqual([]);
  });

  it('does not take an old reading of the head for a fork', async () => {
    const stale = await ledger.reader.head();
    const gate = new Gate();
    watched.after = (method) => (method === 'write.open' ? gate.pass() : undefined);
    const looking = log.tail.refresh();
    await gate.reached;
    watched.after = () => undefined;
    log.tail.append(await commit(2));
    gate.open();
    await looking;
    await log.tail.refresh(stale);
    expect(heard).toEqual(['to 2']);
  });

  it('finds what it could not read, the next time it looks', async () => {
    await commit(2);
    watched.before = (method) => {
      if (method === 'alterations.page') throw new Error('no database');
    };
    log.tail.notify(2);
    await expect(log.tail.refresh()).rejects.toThrow('no database');
    expect(heard).toEqual([]);
    watched.before = () => undefined;
    await log.tail.refresh();
    expect(heard).toEqual(['to 2']);
  });

  describe('over a ledger that is not the one before', () => {
    beforeEach(async () => {
      for (let n = 2; n < 5; n += 1) log.tail.append(await commit(n));
      heard.length = 0;
      await rewind(2);
    });

    it.each([
      ['when it is behind', 0],
      ['when it has come as far', 2],
      ['when it has gone on', 5],
    ])('says so %s', async (_when, writes) => {
      for (let n = 0; n < writes; n += 1) await commit(100 + n);
      await log.tail.refresh();
      await log.tail.refresh();
      expect(heard).toEqual(['forked']);
      expect(log.tail).toMatchObject({ seq: 2 + writes, hash: (await ledger.reader.head()).hash });
      expect(inMemory(2)).toBeUndefined();
    });

    it.each([1, 2, 3])('says so when this node commits %d to it', async (writes) => {
      log.tail.append(
        await commit(
          100,
          Array.from({ length: writes - 1 }, (_, m) => update('a', { m })),
        ),
      );
      await log.tail.refresh();
      expect(heard).toEqual(['forked']);
      log.tail.append(await commit(200));
      expect(heard).toEqual(['forked', `to ${writes + 3}`]);
    });

    it('says so once, though several look at once', async () => {
      await Promise.all([log.tail.refresh(), log.tail.refresh(), log.tail.refresh(await ledger.reader.head())]);
      expect(heard).toEqual(['forked']);
    });
  });

  it('tells of another epoch, once', async () => {
    await query(`UPDATE atome_ledgers SET epoch = 'another'`);
    await Promise.all([log.tail.refresh(), log.tail.refresh()]);
    expect(heard).toEqual(['epoch']);
    expect(log.tail.epoch).toBe('another');
  });

  describe('asked whether a cursor can be continued', () => {
    it('knows its epoch, its head and its hashes', async () => {
      log.tail.append(await commit(2));
      const { epoch } = log.tail;
      expect(await resetReasonOf(log.tail, {}, undefined)).toBeUndefined();
      expect(await resetReasonOf(log.tail, { epoch, since: 2 }, undefined)).toBeUndefined();
      expect(await resetReasonOf(log.tail, { epoch: 'other', since: 2 }, undefined)).toBe('epoch');
      expect(await resetReasonOf(log.tail, { epoch, since: 3 }, undefined)).toBe('future');
      expect(
        await resetReasonOf(log.tail, { since: 1, hash: await ledger.reader.hashAt(1) }, undefined),
      ).toBeUndefined();
      expect(await resetReasonOf(log.tail, { since: 2, hash: log.tail.hash }, undefined)).toBeUndefined();
      expect(await resetReasonOf(log.tail, { since: 1, hash: log.tail.hash }, undefined)).toBe('forked');
      expect(await resetReasonOf(log.tail, { since: 0, hash: 'any' }, undefined)).toBeUndefined();
    });

    it('looks whether another node is ahead', async () => {
      await commit(2);
      expect(await resetReasonOf(log.tail, { since: 2 }, undefined)).toBeUndefined();
      expect(log.tail.seq).toBe(2);
    });
  });

  it('counts the states that it holds by what was there before, and holds none that were erased', async () => {
    const end = log.tail.states.want();
    const large = 'x'.repeat(100_000);
    await ledger.write(create('b', { large }));
    const [added] = told.at(-1)!;
    log.tail.append([added!]);
    await ledger.write({ ...update('b', {}), operation: 'replace', changes: { data: {} } });
    log.tail.append(told.at(-1)!);
    const { size, statesSize } = log.tail.recent.at(added!.alteration.seq + 1)!;
    expect([size < 5_000, statesSize > large.length]).toEqual([true, true]);
    await ledger.write({ ...update('b', {}), operation: 'redact', changes: {} });
    log.tail.append(told.at(-1)!);
    expect([...log.tail.recent.all].filter(({ states }) => states)).toEqual([]);
    end();
  });

  it('holds the states around what is newest while somebody asks for them, and at most so many', async () => {
    const held = (): number => [...log.tail.recent.all].filter(({ states }) => states).length;
    log.tail.append(await commit(1));
    expect(held()).toBe(0);
    const [end, endOther] = [log.tail.states.want(), log.tail.states.want()];
    for (let n = 2; n < 302; n += 1) log.tail.append(await commit(n));
    expect(held()).toBe(256);
    expect(log.tail.recent.at(300)!.states).toMatchObject({
      before: { data: { n: 298 } },
      after: { data: { n: 299 } },
    });
    end();
    end();
    expect(held()).toBe(256);
    endOther();
    expect(held()).toBe(0);
  });
});
