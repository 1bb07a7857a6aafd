import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccountStore } from '../../src/accounts/account.store.js';
import { newRefreshToken } from '../../src/accounts/refresh-token.js';
import { SessionStore } from '../../src/accounts/session.store.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { DATABASES, type Database } from '../support/databases/databases.js';

describe.each(DATABASES)('the sessions of an account, on %s', (_name, create) => {
  let database: Database;
  let store: SqlStore;
  beforeAll(async () => {
    database = await create();
    store = await openStore(database.url);
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  it('are the thousand newest, and those of others are left alone', async () => {
    let now = 1_000;
    const sessions = new SessionStore(store, () => now);
    const accounts = new AccountStore(store, () => now);
    for (const id of ['mallory', 'alice']) {
      await accounts.add({ id, identifier: id, passwordHash: 'right', createdAt: now });
    }
    const open = (accountId: string, hash = 'right'): Promise<string[] | undefined> => {
      now += 1;
      const session = { id: randomUUID(), accountId, token: newRefreshToken(), expiresAt: now + 1_000_000 };
      return sessions.open(session, hash, now).then((ended) => ended && [session.id, ...ended]);
    };
    const [other] = (await open('alice'))!;
    const ids: string[] = [];
    for (let n = 0; n < 1_000; n += 1) ids.push(...(await open('mallory'))!);
    expect(new Set(ids).size).toBe(1_000);
    const [, ...ended] = (await open('mallory'))!;
    expect(ended).toEqual([ids[0]]);
    expect(await open('mallory', 'wrong')).toBeUndefined();
    expect((await sessions.revokedSince(0)).map(({ id }) => id)).toEqual(ended);
    expect(ended).not.toContain(other);
  });
});
