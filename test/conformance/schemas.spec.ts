import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { Database } from '../support/databases/databases.js';
import { fillAsBefore, run } from '../support/databases/earlier.js';
import { createOwnedDatabase } from '../support/databases/plain-role.js';
import { create, openLedger } from '../support/ledger/ledger.js';

describe('the schema on PostgreSQL', () => {
  let database: Database & { readonly adminUrl: string };
  beforeEach(async () => {
    database = await createOwnedDatabase();
  });
  afterEach(() => database.drop());

  const seqIn = async (schema: string): Promise<unknown> => {
    const scope = `SELECT set_config('atome.tenant', '*', false)`;
    return run(database.url, scope, `SELECT tenant, seq::integer FROM ${schema}.ledgers ORDER BY tenant`);
  };
  const MOVED = [
    { tenant: 'acme', seq: 9 },
    { tenant: 'other', seq: 1 },
  ];
  const role = (): string => new URL(database.url).username;

  it('is another one where it is named, and two of them know nothing of each other', async () => {
    const [one, other] = [
      await openLedger(await openStore(database.url, { schema: 'one' })),
      await openLedger(await openStore(database.url, { schema: 'other_1' })),
    ];
    await one.write(create('a'));
    expect(await other.store.tenants()).toEqual([]);
    await one.close();
    await other.close();
    expect(await seqIn('one')).toEqual([{ tenant: 'default', seq: 1 }]);
  });

  it('takes over the tables of an earlier version under the name it is given', async () => {
    await fillAsBefore(database.url);
    await (await openStore(database.url, { schema: 'sync' })).close();
    expect(await seqIn('sync')).toEqual(MOVED);
  });

  it('is that in which they are, where its name is given', async () => {
    await fillAsBefore(database.url);
    await (await openStore(database.url, { schema: 'public' })).close();
    expect(await seqIn('public')).toEqual(MOVED);
  });

  it('takes over tables in any schema that the URL has put first', async () => {
    await run(database.url, 'CREATE SCHEMA app');
    const url = `${database.url}?options=-c%20search_path%3Dapp`;
    await fillAsBefore(url);
    await (await openStore(url)).close();
    expect(await seqIn('atome')).toEqual(MOVED);
  });

  it('works whatever path the role has, and whatever is on it', async () => {
    await run(database.url, 'CREATE TABLE atomes (theirs integer)', 'CREATE SCHEMA decoy');
    await run(database.adminUrl, `ALTER ROLE ${role()} SET search_path = decoy, public`);
    const ledger = await openLedger(await openStore(database.url));
    await ledger.write(create('a'));
    await ledger.close();
    expect(await seqIn('atome')).toEqual([{ tenant: 'default', seq: 1 }]);
  });

  it('is not chosen between two that an earlier version has left behind', async () => {
    await fillAsBefore(database.url);
    await (await openStore(database.url)).close();
    // an earlier version that is started again finds nothing, and makes its tables anew
    await fillAsBefore(database.url);
    await expect(openStore(database.url)).rejects.toThrow(/schemas public and atome.*DATABASE_SCHEMA/);
    await (await openStore(database.url, { schema: 'atome' })).close();
  });

  it('that the role may not make is asked for in one sentence', async () => {
    await run(database.adminUrl, `ALTER DATABASE ${new URL(database.url).pathname.slice(1)} OWNER TO postgres`);
    await expect(openStore(database.url)).rejects.toThrow(/CREATE SCHEMA atome AUTHORIZATION.*DATABASE_SCHEMA/);
    await run(database.adminUrl, `CREATE SCHEMA atome AUTHORIZATION ${role()}`);
    await (await openStore(database.url)).close();
  });

  it('is not one that the role of others would look into first', async () => {
    await run(database.url, 'CREATE TABLE orders (id integer)');
    await run(database.adminUrl, `ALTER ROLE ${role()} SET search_path = atome, public`);
    await expect(openStore(database.url)).rejects.toThrow(/before those in public.*DATABASE_SCHEMA/);
    await expect(seqIn('atome')).rejects.toThrow();
    await (await openStore(database.url, { schema: 'sync' })).close();
  });

  it.each(['Atome', 'pg_atome', 'a-b', 'a"b', 'information_schema', ''])('is never called %j', async (schema) => {
    await expect(openStore(database.url, { schema })).rejects.toThrow(/DATABASE_SCHEMA=.*no name for a schema/);
  });
});
