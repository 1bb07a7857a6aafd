import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { createFile, type Database } from '../support/databases/databases.js';
import { runProgram } from '../support/server/process.js';

describe('ledger:verify', () => {
  let database: Database;
  beforeEach(() => void (database = createFile()));
  afterEach(() => database.drop());

  /** What it says of a ledger on a SQLite file, which it reads in threads. */
  async function verify(...harm: readonly string[]): Promise<Awaited<ReturnType<typeof runProgram>>> {
    const store = await openStore(database.url);
    await store.ledger('default').write.open();
    for (const statement of harm) await store.transact([statement]);
    await store.close();
    return runProgram('cli/atome-sync', ['verify'], { DATABASE_URL: database.url });
  }

  it('ends with 0 when all is sound', async () => {
    expect(await verify()).toMatchObject({ code: 0, stdout: expect.stringContaining('default: sound') });
  });

  it('ends with 1 when something is not', async () => {
    expect(await verify('UPDATE atome_ledgers SET seq = 5')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('default: BAD'),
    });
  });
});
