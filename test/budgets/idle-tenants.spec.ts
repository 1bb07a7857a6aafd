import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once, EventEmitter } from 'node:events';
import { Feed } from '../../src/feed/feed.js';
import { LEDGER_STORE } from '../../src/ledger/store.js';
import type { SqlStore } from '../../src/ledger/stores/sql.store.js';
import { bearer } from '../support/clients/api.js';
import { TestSocket } from '../support/clients/socket.js';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';
import { watchStatements } from '../support/ledger/statements.js';
import { report } from '../support/report.js';
import { WITH_ACCOUNTS } from '../support/server/accounts.js';
import { startApp } from '../support/server/app.js';
import { INSPECTED, Inspector } from '../support/server/inspector.js';
import { ServerProcess } from '../support/server/process.js';
import { tokenOf } from '../support/server/tokens.js';

/** What a server may ask the database each time that it looks at its heads, which it does once a second. */
const STATEMENTS = 5;
/** What a tenant may take whose readers are idle, in bytes. */
const BYTES = 20_000;

describe('tenants whose readers are idle', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(() => database.drop());

  it('cost as many statements if they are a thousand as if they are ten', async () => {
    const server = await startApp({ ...WITH_ACCOUNTS, DATABASE_URL: database.url });
    const store = server.app.get<SqlStore>(LEDGER_STORE, { strict: false });
    const feed = server.app.get(Feed, { strict: false });
    const looked = new EventEmitter();
    const heads = store.heads.bind(store);
    jest.spyOn(store, 'heads').mockImplementation((tenants) => {
      looked.emit('look');
      return heads(tenants);
    });
    const statements = await watchStatements(store);
    let opened = 0;
    for (const count of [10, 1_000]) {
      for (; opened < count; opened += 50) {
        const some = Array.from({ length: 50 }, (_, n) => `t${opened + n}`);
        await Promise.all(some.map((tenant) => feed.log(tenant)));
      }
      await once(looked, 'look');
      statements.take();
      for (let look = 0; look < 2; look += 1) await once(looked, 'look');
      const asked = statements.take().filter((sql) => !/^(BEGIN|COMMIT|SELECT set_config)/.test(sql));
      report(`${count} idle tenants: ${asked.length} statements in two looks`);
      expect(asked.length).toBeLessThanOrEqual(2 * STATEMENTS);
    }
    statements.stop();
    jest.restoreAllMocks();
    await server.close();
  });

  it('take at most 20 kB each besides their connections', async () => {
    const [count, warm, together] = [220, 20, 20];
    const server = await ServerProcess.start({
      ...{ ...WITH_ACCOUNTS, ...INSPECTED, DATABASE_URL: database.url },
      ...{ MAX_CONNECTIONS_PER_PRINCIPAL: '0', MAX_CONNECTIONS_PER_ADDRESS: '0' },
    });
    const inspector = await Inspector.attach(server);
    const sockets: TestSocket[] = [];
    const open = async (tenant: string): Promise<void> => {
      const socket = await TestSocket.connect(server.wsUrl, bearer(tokenOf('writer', { tenant })));
      socket.send({ type: 'subscribe', since: 1 });
      await socket.next('sync:live');
      sockets.push(socket);
    };
    /** Of each of those tenants the first reader, or one more of the first of them. */
    const openAll = async (from: number, to: number, isOne = false): Promise<void> => {
      for (let at = from; at < to; at += together) {
        const some = Array.from({ length: together }, (_, n) => `t${isOne ? 0 : at + n}`);
        await Promise.all(some.map((tenant) => open(tenant)));
      }
    };
    for (let n = 0; n < count; n += 1) await server.api.as(tokenOf('writer', { tenant: `t${n}` })).create();
    await openAll(0, warm);
    const held = [await inspector.heldBytes()];
    await openAll(warm, count, true);
    held.push(await inspector.heldBytes());
    await openAll(warm, count);
    held.push(await inspector.heldBytes());
    const [before, ofOne, ofMany] = held as [number, number, number];
    const each = Math.round((ofMany - ofOne - (ofOne - before)) / (count - warm));
    report(`an idle tenant takes ${each} bytes`);
    expect(each).toBeLessThanOrEqual(BYTES);
    await Promise.all(sockets.map((socket) => socket.close()));
    inspector.close();
    await server.kill('SIGTERM');
  });
});
