import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { HeldPropagation } from '../support/ledger/held-propagation.js';
import { by, openLedger, write, type TestLedger } from '../support/ledger/ledger.js';
import { WatchedStore } from '../support/ledger/watched-store.js';
import { AccessPolicy } from '../../src/auth/authorization/access-policy.js';
import type { AskedAccess, Mutation } from '../../src/protocol/index.js';
import { MAX_INHERITANCE_DEPTH } from '../../src/ledger/ancestors.js';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import type { Committed } from '../../src/ledger/outcome.js';
import type { LedgerStore } from '../../src/ledger/store.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { PROPAGATED } from '../../src/ledger/write/propagate-access.js';

const [ANN, MALLORY] = [by('ann'), by('mallory')];
const TENANT = ANN.principal.tenant;
const SHARED = { read: ['mallory'], write: ['mallory'] };
const NOBODYS = { read: [], write: ['ann'] };

describe.each(DATABASES)('a change that others inherit, on %s', (_name, createDatabase) => {
  let database: Database;
  let watched: WatchedStore;
  let ledger: TestLedger;
  let errors: unknown[];
  let top: string;
  let count = 0;
  beforeAll(async () => {
    database = await createDatabase();
  });
  beforeEach(async () => {
    errors = [];
    ledger = await open();
    top = `top-${(count += 1)}`;
    await ledger.write(make(top, null, SHARED), ANN);
  });
  afterEach(() => ledger.close());
  afterAll(() => database.drop());

  const open = async (): Promise<TestLedger> => {
    watched = new WatchedStore(await openStore(database.url));
    const rules = new AccessPolicy({}, () => undefined);
    return openLedger(watched.store, { rules, onError: (error) => errors.push(error) });
  };
  const make = (id: string, parentId: string | null, access: AskedAccess, data = {}): Mutation =>
    write(id, 'create', { kind: 'note', type: null, meta: {}, data, parentId, access });
  const share = (access: AskedAccess): Promise<unknown> => ledger.write(write(top, 'share', { access }), ANN);
  const descendants = (many: number, data = {}): Promise<unknown> =>
    Promise.all(Array.from({ length: many }, (_, n) => ledger.write(make(`${top}-${n}`, top, 'inherit', data), ANN)));
  const inherited = async (id: string): Promise<unknown> => (await ledger.reader.get(id)).inherited;
  const expectSound = async (store: LedgerStore = ledger.store): Promise<void> =>
    expect((await verifyLedger(store.ledger(TENANT))).fault).toBeUndefined();

  it('is one alteration, however many inherit, and these are told in steps', async () => {
    await descendants(2 * PROPAGATED.atomes + 10);
    const groups: (readonly Committed[])[] = [];
    const stop = ledger.writer.onCommit((_tenant, committed) => groups.push(committed));
    const before = watched.count('write.commit');
    await share('private');
    expect(groups.map(({ length }) => length)).toEqual([1]);
    expect(watched.count('write.commit')).toBe(before + 1);
    await ledger.settled();
    stop();
    expect(groups.map(({ length }) => length)).toEqual([1, PROPAGATED.atomes, PROPAGATED.atomes, 10]);
    const told = groups.slice(1).flat();
    expect(new Set(told.map(({ alteration }) => alteration.reason))).toEqual(new Set([`inherited from ${top}`]));
    expect(await inherited(`${top}-${2 * PROPAGATED.atomes + 9}`)).toEqual(NOBODYS);
    await expectSound();
  });

  it('reads a bounded number of bytes in a step', async () => {
    await descendants(5, { text: 'x'.repeat(PROPAGATED.bytes / 2) });
    const groups: number[] = [];
    const stop = ledger.writer.onCommit((_tenant, committed) => groups.push(committed.length));
    await share('private');
    await ledger.settled();
    stop();
    expect(groups).toEqual([1, 2, 2, 1]);
  });

  it('lets writes pass between its steps', async () => {
    await descendants(2 * PROPAGATED.atomes);
    const order: string[] = [];
    const stop = ledger.writer.onCommit((_tenant, [first]) => order.push(first!.alteration.atomeId));
    await share('private');
    await ledger.write(make(`${top}-between`, null, 'private'), MALLORY);
    await ledger.settled();
    stop();
    expect(order.indexOf(`${top}-between`)).toBeLessThan(order.length - 1);
  });

  it('counts for the writes behind it in the same group', async () => {
    await ledger.write(make(`${top}-mid`, top, 'inherit'), ANN);
    await ledger.write(make(`${top}-low`, `${top}-mid`, 'inherit'), ANN);
    const commits = watched.count('write.commit');
    const settled = await Promise.allSettled([
      ledger.write(write(`${top}-low`, 'update', { n: 1 }), MALLORY),
      ledger.write(make(`${top}-new`, `${top}-low`, 'inherit'), ANN),
      share('private'),
      ledger.write(write(`${top}-low`, 'update', { n: 2 }), MALLORY),
      ledger.write(write(`${top}-new`, 'update', { n: 2 }), MALLORY),
      ledger.write(make(`${top}-newer`, `${top}-new`, 'inherit'), MALLORY),
      ledger.write(write(`${top}-low`, 'update', { n: 3 }), ANN),
    ]);
    expect(settled.map(({ status }) => status === 'fulfilled')).toEqual([true, true, true, false, false, false, true]);
    expect(watched.count('write.commit')).toBe(commits + 1);
    expect(settled.slice(3, 6)).toMatchObject(Array(3).fill({ reason: { code: 'not_found' } }));
    await ledger.settled();
    expect(await inherited(`${top}-new`)).toEqual(NOBODYS);
    await expectSound();
  });

  it('goes on where it was when the process has ended in between', async () => {
    await descendants(PROPAGATED.atomes + 5);
    const held = new HeldPropagation();
    await share('private');
    held.goOn();
    // one step, and then the end
    let steps = 0;
    watched.after = async (method) => {
      if (method === 'write.nextDescendants' && (steps += 1) === 2) throw new Error('the process ends');
    };
    await ledger.writer.start();
    await ledger.settled();
    expect(errors).toMatchObject([{ message: 'the process ends' }]);
    await ledger.close();
    ledger = await open();
    expect(await inherited(`${top}-0`)).toEqual(NOBODYS);
    expect(await ledger.store.propagating()).toEqual([TENANT]);
    await ledger.writer.start();
    await ledger.settled();
    expect(await inherited(`${top}-99`)).toEqual(NOBODYS);
    expect(await ledger.store.propagating()).toEqual([]);
    await expectSound();
  });

  it('passes through those that inherit, and stops at an access of its own', async () => {
    await ledger.write(make(`${top}-mid`, top, 'inherit'), MALLORY);
    await ledger.write(make(`${top}-own`, `${top}-mid`, SHARED), ANN);
    await ledger.write(make(`${top}-low`, `${top}-mid`, 'inherit'), ANN);
    await ledger.write(make(`${top}-below`, `${top}-own`, 'inherit'), ANN);
    await share('private');
    await ledger.settled();
    expect(await inherited(`${top}-low`)).toEqual({ read: [], write: ['ann', 'mallory'] });
    expect((await ledger.reader.get(`${top}-own`)).version).toBe(1);
    expect((await ledger.reader.get(`${top}-below`)).version).toBe(1);
  });

  it('finds its way through a bounded number of atomes', async () => {
    const ids = Array.from({ length: MAX_INHERITANCE_DEPTH }, (_, n) => `${top}-${n}`);
    for (const [n, id] of ids.entries()) await ledger.write(make(id, ids[n - 1] ?? top, 'inherit'), ANN);
    await expect(ledger.write(make(`${top}-deep`, ids.at(-1)!, 'inherit'), ANN)).rejects.toMatchObject({
      code: 'too_large',
    });
    // a move brings a tree down further than anything can be added
    await ledger.write(make(`${top}-other`, null, SHARED), ANN);
    await ledger.write(make(`${top}-under`, `${top}-other`, 'inherit'), ANN);
    await ledger.write(write(ids[50]!, 'replace', { parentId: `${top}-under` }), ANN);
    const held = new HeldPropagation();
    await ledger.write(write(`${top}-other`, 'share', { access: 'private' }), ANN);
    const low = (await ledger.reader.headerOf(ids.at(-1)!))!;
    expect(low.inheritedNow).toEqual(NOBODYS);
    held.goOn();
    await ledger.writer.start();
    await ledger.settled();
    expect(await inherited(ids.at(-1)!)).toEqual(NOBODYS);
  });
});
