import { copyFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createClient, memoryStore, type Client } from '../../client/src/index.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { createFile, type Database } from '../support/databases/databases.js';
import { freePort } from '../support/server/free-port.js';
import { AT_ONCE, next, shownBy, takenBy } from '../support/clients/offline.js';

describe('the offline-first client, when its server comes back with another database', () => {
  let port: number;
  let database: Database;
  let server: TestApp;
  let client: Client;
  beforeEach(async () => {
    port = await freePort();
    database = createFile();
    await start();
    for (const n of [1, 2, 3]) await server.api.create({ n }, { id: `kept${n}` });
    await server.close();
    const path = database.url.slice('sqlite:'.length);
    copyFileSync(path, `${path}.copy`);

    await start();
    client = createClient({ url: server.url, reconnect: AT_ONCE, store: memoryStore() });
    await client.ready();
    await client.create({ id: 'lost', kind: 'note', data: { n: 4 } });
    await client.flush();
    await server.close();
    await next(client, 'sync:status', ({ state }) => state === 'offline');
    await client.create({ id: 'pending', kind: 'note', data: { n: 5 } });
    await client.update('kept1', { n: 6 });
  });
  afterEach(async () => {
    await client.close();
    await server.close();
    await database.drop();
  });

  async function start({ url }: Database = database, at = port): Promise<void> {
    server = await startApp({ DATABASE_URL: url, PORT: String(at) });
  }

  function putBack(): void {
    const path = database.url.slice('sqlite:'.length);
    copyFileSync(`${path}.copy`, path);
  }

  it('takes over what that has, and sends what was pending', async () => {
    putBack();
    const reset = next(client, 'sync:reset');
    const live = next(client, 'sync:live');
    await start();
    expect(await reset).toMatchObject({ reason: 'future', head: 3 });
    await live;
    await client.flush();
    expect((await takenBy(server.url)).map(({ type }) => type).slice(3)).toEqual(['atome:created', 'atome:altered']);
    // what was confirmed and then lost with the server's database is gone: the ledger is the truth
    expect(Object.keys(await shownBy(client))).toEqual(['kept1', 'kept2', 'kept3', 'pending']);
    expect(await client.get('kept1')).toMatchObject({ data: { n: 6 } });
    expect(client.status()).toMatchObject({ state: 'live', pending: 0, rejected: 0, lastSeq: 5 });
  });

  it('does so when the copy has gone other ways since', async () => {
    putBack();
    await start(database, 0);
    for (const n of [1, 2, 3, 4]) await server.api.create({ n }, { id: `other${n}` });
    await server.close();
    const reset = next(client, 'sync:reset');
    await start();
    expect(await reset).toMatchObject({ reason: 'forked' });
    await client.flush();
    const names = ['kept1', 'kept2', 'kept3', 'other1', 'other2', 'other3', 'other4', 'pending'];
    expect(Object.keys(await shownBy(client))).toEqual(names);
  });

  it('does so when it is another ledger; what needs the old one is refused', async () => {
    const other = createFile();
    const reset = next(client, 'sync:reset');
    await start(other);
    expect(await reset).toMatchObject({ reason: 'epoch' });
    await client.flush();
    expect(Object.keys(await shownBy(client))).toEqual(['pending']);
    expect(await client.rejected()).toMatchObject([{ operation: { atomeId: 'kept1' }, error: { code: 'not_found' } }]);
    await other.drop();
  });
});
