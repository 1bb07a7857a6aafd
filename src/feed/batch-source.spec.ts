import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { feedParts } from '../../test/support/feed/feed-parts.js';
import {
  create,
  openLedger,
  SOMEBODY,
  TENANT,
  update,
  write,
  type TestLedger,
} from '../../test/support/ledger/ledger.js';
import { queryOf } from '../../test/support/ledger/raw-query.js';
import { WatchedStore } from '../../test/support/ledger/watched-store.js';
import { openStore } from '../ledger/stores/open-store.js';
import { DEFAULT_FEED_OPTIONS } from './options.js';
import { openTenantLog, type TenantLog } from './tenant-log.js';

/** A reader that waits for what it asks for. */
const SOME = { principal: SOMEBODY, isWaiting: true };

describe('a page of the ledger', () => {
  let watched: WatchedStore;
  let ledger: TestLedger;
  beforeEach(async () => {
    watched = new WatchedStore(await openStore('sqlite::memory:'));
    ledger = await openLedger(watched.store);
    await ledger.write(create('a'));
  });
  afterEach(() => ledger.close());

  /** At the head of the ledger, and with nothing in memory. */
  async function openLog(frameChars = DEFAULT_FEED_OPTIONS.frameChars): Promise<TenantLog> {
    const parts = feedParts(ledger.ledgers, { ...DEFAULT_FEED_OPTIONS, frameChars });
    return openTenantLog(TENANT, await ledger.reader.head(), parts);
  }
  /** Updates with the numbers up to one, one after the other. */
  const writeUpTo = async (last: number): Promise<void> => {
    for (let n = 2; n <= last; n += 1) await ledger.write(update('a', { n }));
  };

  it('is read once for all who stand at one place', async () => {
    await writeUpTo(5);
    const { batches, tail } = await openLog();
    const pages = await Promise.all([
      batches.batchAfter(0, SOME),
      batches.batchAfter(0, SOME),
      batches.batchAfter(0, SOME, { since: 0, upTo: 5 }),
    ]);
    expect(pages[1]).toBe(pages[0]);
    expect(pages[0].entries.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(pages[2].entries.map(({ seq }) => seq)).toEqual([5]);
    expect(await batches.batchAfter(5, SOME, { since: 0, upTo: 5, previous: 1 })).toMatchObject({
      entries: [],
      to: 5,
      hash: await tail.hashAt(5),
      compact: { isLast: true },
    });
  });

  it('ends where all others end, for who stands inside it too', async () => {
    await Promise.all(Array.from({ length: 99 }, (_, n) => ledger.write(create(`other-${n}`))));
    const { batches, tail } = await openLog();
    const [whole, part] = [await batches.batchAfter(0, SOME), await batches.batchAfter(10, SOME)];
    expect([whole.to, part.to, whole.hash]).toEqual([64, 64, part.hash]);
    expect(part.entries).toEqual(whole.entries.slice(10));
    expect(batches.batchAfter(10, SOME)).toBe(part);
    expect(await batches.batchAfter(64, SOME)).toMatchObject({ to: 100, hash: tail.hash });
  });

  it('does not stop those behind it where large documents end it early', async () => {
    await writeUpTo(3);
    const { batches } = await openLog(1);
    for (const after of [0, 1, 2]) expect(await batches.batchAfter(after, SOME)).toMatchObject({ to: after + 1 });
  });

  it('keeps nothing of what is erased since', async () => {
    await writeUpTo(2);
    const { batches, tail } = await openLog();
    ledger.writer.onCommit((_tenant, committed) => tail.append(committed));
    await batches.batchAfter(0, SOME);
    const page = await batches.batchAfter(0, SOME);
    expect(batches.batchAfter(0, SOME)).toBe(page);
    await ledger.write(write('a', 'redact', {}));
    const again = batches.batchAfter(0, SOME);
    expect(again).toBeInstanceOf(Promise);
    expect((await again).entries.slice(0, 2).map(({ event }) => event)).toEqual([undefined, undefined]);
  });

  it('is asked for again when it could not be read', async () => {
    const { batches } = await openLog();
    watched.before = () => {
      throw new Error('no database');
    };
    await expect(batches.batchAfter(0, SOME)).rejects.toThrow('no database');
    watched.before = () => undefined;
    expect((await batches.batchAfter(0, SOME)).to).toBe(1);
  });

  it('says that a row is missing', async () => {
    const { batches } = await openLog();
    await queryOf(watched.store)('DELETE FROM atome_alterations');
    await expect(batches.batchAfter(0, SOME)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
