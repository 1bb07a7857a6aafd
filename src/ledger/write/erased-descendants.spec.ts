import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DATABASES, type Database } from '../../../test/support/databases/databases.js';
import { openLedger, SOMEBODY, TENANT, write, type TestLedger } from '../../../test/support/ledger/ledger.js';
import type { Outcome } from '../outcome.js';
import { openStore } from '../stores/open-store.js';
import { verifyLedger, type LedgerFault } from '../integrity/verify-ledger.js';

const content = { kind: 'note', type: null, data: { secret: 'canary' }, meta: {} };

describe.each(DATABASES)('an erased atome that inherits, on %s', (_name, create) => {
  let database: Database;
  let ledger: TestLedger;
  beforeAll(async () => {
    database = await create();
  });
  beforeEach(async () => {
    ledger = await openLedger(await openStore(database.url));
    const tag = `${Math.random()}`.slice(2);
    [top, descendant] = [`top-${tag}`, `descendant-${tag}`];
    await ledger.write(write(top, 'create', { ...content, parentId: null }));
    await ledger.write(write(descendant, 'create', { ...content, parentId: top, access: 'inherit' }));
  });
  afterEach(() => ledger.close());
  afterAll(() => database.drop());

  let top: string;
  let descendant: string;
  const erase = (): Promise<Outcome> => ledger.write(write(descendant, 'redact', {}));
  const share = (access: 'private' | 'tenant'): Promise<Outcome> => ledger.write(write(top, 'share', { access }));
  const fault = async (): Promise<LedgerFault | undefined> => {
    await ledger.settled();
    return (await verifyLedger(ledger.store.ledger(TENANT))).fault;
  };

  it('loses what its parent takes away afterwards', async () => {
    await erase();
    await share('private');
    expect(await fault()).toBeUndefined();
    expect(await ledger.reader.headerOf(descendant)).toMatchObject({
      inherited: { read: [], write: ['somebody'] },
    });
  });

  it.each([
    ['before', () => [erase(), share('private')]],
    ['after', () => [share('private'), erase()]],
    ['between', () => [share('private'), erase(), share('tenant')]],
  ])('keeps in its ledger what its parent changed in the same group: erased %s it', async (_order, writes) => {
    await Promise.all(writes());
    expect(await fault()).toBeUndefined();
    expect(
      JSON.stringify(await ledger.store.ledger(TENANT).alterations.versions(descendant, { from: 1, to: 9 })),
    ).not.toContain('canary');
  });

  it('is still known as erased when its parent changes often', async () => {
    await erase();
    for (let n = 0; n < 12; n += 1) await share(n % 2 ? 'tenant' : 'private');
    expect(await fault()).toBeUndefined();
    const { ids } = await ledger.store.ledger(TENANT).audit.owned(SOMEBODY.id, '');
    expect([ids.includes(descendant), ids.includes(top)]).toEqual([false, true]);
    await expect(ledger.write(write(descendant, 'restore', { version: 1 }))).rejects.toMatchObject({ code: 'gone' });
  });
});
