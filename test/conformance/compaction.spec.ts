import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ledgerKeyOf } from '../../src/ledger/compaction/checkpoint.js';
import { compactLedger, type Compacted } from '../../src/ledger/compaction/compact-ledger.js';
import { verifyLedger, type VerifyResult } from '../../src/ledger/integrity/verify-ledger.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { by, create, openLedger, TENANT, update, write, type TestLedger } from '../support/ledger/ledger.js';
import { queryOf } from '../support/ledger/raw-query.js';

const KEY = ledgerKeyOf('a secret of the spec');

/** Everything that can be in a ledger: what lost, what was erased, what changed nothing, long histories, rights. */
async function fill(ledger: TestLedger): Promise<void> {
  const alice = by('alice', 'tab');
  await ledger.write(create('a', { text: 'é😀'.repeat(400), n: 0 }, { opId: 'op-a', reason: 'why' }), alice);
  for (let n = 1; n <= 70; n += 1) await ledger.write(update('a', { n }, { opId: `n-${n}` }), alice);
  await ledger.write(update('a', { n: -1 }, { hlc: '000000000000001-0000-old', opId: 'lost' }), alice);
  await ledger.write(update('a', { n: 70 }, { opId: 'changes-nothing' }), alice);
  await ledger.write(create('gone', { secret: 1 }));
  await ledger.write(update('gone', { secret: 2 }, { opId: 'secret-op' }));
  await ledger.write(write('gone', 'redact', {}));
  await ledger.write(create('later', { secret: 3 }, { opId: 'later-op' }));
  await ledger.write(create('deleted', {}));
  await ledger.write(write('deleted', 'delete', {}));
  const folder = { kind: 'folder', type: null, data: {}, meta: {}, parentId: null, access: 'private' } as const;
  await ledger.write(write('parent', 'create', folder, { opId: 'folder' }), by('alice'));
  const heir = { ...folder, kind: 'note', parentId: 'parent', access: 'inherit' } as const;
  await ledger.write(write('heir', 'create', heir, { opId: 'heir' }), by('alice'));
  await ledger.write(write('parent', 'share', { access: 'tenant' }, { opId: 'shared' }), by('alice'));
  await ledger.settled();
  await ledger.write(update('a', { n: 71 }), alice);
  await ledger.write(write('a', 'restore', { version: 2 }, { opId: 'back' }), alice);
  await ledger.write(create('last'));
}

describe.each(DATABASES)('a ledger on %s that is compacted', (_name, make) => {
  let database: Database;
  let store: SqlStore;
  let ledger: TestLedger;
  let folder: string;
  beforeEach(async () => {
    database = await make();
    store = await openStore(database.url);
    ledger = await openLedger(store);
    folder = await mkdtemp(join(tmpdir(), 'archive-'));
  });
  afterEach(async () => {
    await ledger.close();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const compact = (upTo: number): Promise<Compacted> =>
    compactLedger({ ledger: store.ledger(TENANT), folder, key: KEY }, upTo);
  const verify = (): Promise<VerifyResult> => verifyLedger(store.ledger(TENANT), undefined, [KEY.publicKey]);
  const statesOf = (): Promise<unknown> => store.ledger(TENANT).atomes.after({ after: '', limit: 100, isWhole: true });
  const headOf = async () => (await store.ledger(TENANT).write.head())!;

  it('has the same states and head, wherever the floor is, and is sound', async () => {
    await fill(ledger);
    const [states, head, before] = [await statesOf(), await headOf(), await verify()];
    expect(before.fault).toBeUndefined();
    for (const floor of [1, 2, 30, 60, 71, 75, 76, 77, 79, 81, 84, head.seq - 1, head.seq + 10]) {
      const upTo = Math.min(floor, head.seq - 1);
      expect(await compact(floor)).toMatchObject({ floor: upTo });
      expect(await verify()).toEqual({ ...before, floor: upTo });
      expect(await statesOf()).toEqual(states);
      const { bytes, ...rest } = await headOf();
      expect({ ...rest, bytes: head.bytes }).toEqual(head);
      expect(bytes).toBeGreaterThan(0);
      expect(await store.ledger(TENANT).alterations.page({ after: 0, upTo, limit: 1, chars: 1 })).toEqual([]);
    }
  });
});
