import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { by, create, openLedger, update, write, type TestLedger } from '../../../test/support/ledger/ledger.js';
import { WatchedStore } from '../../../test/support/ledger/watched-store.js';
import { openStore } from '../stores/open-store.js';
import { OPEN_RULES } from '../../protocol/index.js';

describe('a restore of an atome that may not be read', () => {
  let ledger: TestLedger;
  let watched: WatchedStore;
  beforeEach(async () => {
    const rules = { ...OPEN_RULES, isAllowed: (principal: { id: string }) => principal.id !== 'eve' };
    watched = new WatchedStore(await openStore('sqlite::memory:'));
    ledger = await openLedger(watched.store, { rules });
    await ledger.write(create('hidden', { n: 0 }));
    for (let n = 1; n < 30; n += 1) await ledger.write(update('hidden', { n }));
  });
  afterEach(() => ledger.close());

  it('folds nothing of its past, and is refused as for an id that nobody has', async () => {
    const answers: unknown[] = [];
    for (const id of ['hidden', 'nobody']) {
      const error = await ledger
        .write(write(id, 'restore', { version: 30 }), by('eve'))
        .catch((refused: unknown) => refused);
      answers.push((error as Error).message.replace(id, 'it'));
    }
    expect(watched.count('alterations.deltaChain')).toBe(0);
    expect(answers[0]).toBe(answers[1]);
    await ledger.write(write('hidden', 'restore', { version: 1 }), by('ann'));
    expect(watched.count('alterations.deltaChain')).toBe(1);
    expect(await ledger.reader.get('hidden')).toMatchObject({ data: { n: 0 } });
  });
});
