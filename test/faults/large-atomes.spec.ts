import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import type { LockedState } from '../../src/ledger/store.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { MAX_DOCUMENT_BYTES } from '../../src/ledger/write/group-size.js';
import { AtomeError } from '../../src/protocol/index.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { by, create, openLedger, ORIGIN, TENANT, update, write, type TestLedger } from '../support/ledger/ledger.js';
import { WatchedStore } from '../support/ledger/watched-store.js';

const CHARS = 400_000;
/** So many of them fit into a group. */
const FIT = Math.floor(MAX_DOCUMENT_BYTES.each / CHARS);
const COUNT = 4 * FIT + 1;
const ids = Array.from({ length: COUNT }, (_, n) => `a${n}`);

describe.each(DATABASES)('writes to large atomes that come at once, on %s', (_name, createDatabase) => {
  let database: Database;
  let watched: WatchedStore;
  let ledger: TestLedger;
  beforeEach(async () => {
    database = await createDatabase();
    watched = new WatchedStore(await openStore(database.url));
    ledger = await openLedger(watched.store);
    for (const id of ids) await ledger.write(create(id, { text: 'x'.repeat(CHARS) }));
    watched.calls.length = 0;
  });
  afterEach(async () => {
    await ledger.close();
    await database.drop();
  });

  const groups = (): number => watched.count('write.commit');
  const seqOf = async (writing: Promise<unknown>): Promise<number> =>
    ((await writing) as { committed: { alteration: { seq: number } } }).committed.alteration.seq;

  it.each<[string, (n: number) => Promise<unknown>]>([
    ['to one after the other', (n) => ledger.write(update(ids[n]!, { n }))],
    ['to one and the same', (n) => ledger.write(update(ids[0]!, { n }))],
    ['that make them', (n) => ledger.write(create(`new-${n}`, { text: 'x'.repeat(CHARS) }))],
    ['that restore them', (n) => ledger.write(write(ids[n]!, 'restore', { version: 1 }))],
  ])('are decided few at a time, in their order, each once: %s', async (what, send) => {
    if (what === 'that restore them') await Promise.all(ids.map((id) => ledger.write(update(id, { text: '' }))));
    const before = (await ledger.reader.head()).seq;
    watched.calls.length = 0;
    const seqs = await Promise.all(ids.map((_, n) => seqOf(send(n))));
    expect(seqs).toEqual(ids.map((_, n) => before + 1 + n));
    expect(groups()).toBeGreaterThanOrEqual(COUNT / (FIT + 1));
    expect((await verifyLedger(ledger.store.ledger(TENANT))).fault).toBeUndefined();
  });

  it('are read few at a time, too', async () => {
    const read: number[] = [];
    const ledgerOf = ledger.store.ledger(TENANT);
    const planned = await ledgerOf.write.commit(
      { atomeIds: [...ids].reverse(), ops: [], documentBytes: MAX_DOCUMENT_BYTES.each },
      (before: LockedState) => ({ additions: null, before }),
    );
    for (const { id, data } of planned.before.atomes) if (data !== null) read.push(ids.indexOf(id));
    expect(read.sort((a, b) => b - a)).toEqual(ids.map((_, n) => COUNT - 1 - n).slice(0, FIT));
  });

  it('keep nobody else of the tenant waiting', async () => {
    const flood = Array.from({ length: 4 * COUNT }, (_, n) => seqOf(ledger.write(update(ids[n % COUNT]!, { n }))));
    await flood[FIT];
    const other = await seqOf(ledger.write(create('small'), by('somebody else')));
    const seqs = await Promise.all(flood);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    expect(seqs.filter((seq) => seq > other).length).toBeGreaterThan(COUNT);
  });

  it('wait for each other where they are small, as ever', async () => {
    await Promise.all(Array.from({ length: 100 }, (_, n) => ledger.write(create(`small-${n}`))));
    expect(groups()).toBe(1);
  });

  it('are refused when they are too large to be written together', async () => {
    const many = Math.ceil(MAX_DOCUMENT_BYTES.atomic / CHARS) + 1;
    const head = await ledger.reader.head();
    const outcomes = await ledger.writer.submitAll(
      TENANT,
      Array.from({ length: many }, (_, n) => update(ids[n % COUNT]!, { n })),
      ORIGIN,
    );
    expect(outcomes.map((each) => each instanceof AtomeError && each.code)).toEqual(Array(many).fill('too_large'));
    expect(await ledger.reader.head()).toEqual(head);
  });
});
