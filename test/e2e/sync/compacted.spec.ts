import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DEFAULT_RETENTION } from '../../../src/config/module-options.js';
import { Retention } from '../../../src/application/retention.js';
import { ledgerKeyOf } from '../../../src/ledger/compaction/checkpoint.js';
import { Compactor } from '../../../src/ledger/compaction/compactor.js';
import { verifyLedger } from '../../../src/ledger/integrity/verify-ledger.js';
import { LEDGER_STORE } from '../../../src/ledger/store.js';
import type { SqlStore } from '../../../src/ledger/stores/sql.store.js';
import type { Atome } from '../../../src/protocol/index.js';
import { DATABASES, type Database } from '../../support/databases/databases.js';
import { startApp, type TestApp } from '../../support/server/app.js';

const KEY = ledgerKeyOf('a secret of the spec');

interface Changes {
  readonly hash: string;
  readonly events: readonly { readonly type: string; readonly atomeId?: string; readonly atome: Atome }[];
}

describe.each(DATABASES)('readers of a ledger on %s that is compacted', (_name, make) => {
  let database: Database;
  let server: TestApp;
  let store: SqlStore;
  let folder: string;
  beforeEach(async () => {
    database = await make();
    folder = await mkdtemp(join(tmpdir(), 'archive-'));
    server = await startApp({ DATABASE_URL: database.url });
    store = server.app.get<SqlStore>(LEDGER_STORE, { strict: false });
    for (let n = 1; n <= 5; n += 1) await server.api.create({ n }, { id: `a-${n}` });
    await server.api.delete('/api/atome/a-5');
    for (let n = 1; n <= 5; n += 1) await server.api.patch('/api/atome/a-1', { n: 10 * n });
  });
  afterEach(async () => {
    await server.close();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  /** Another process does it: the server is told nothing. */
  const compact = async (seq: number): Promise<void> => {
    const compactor = new Compactor(store, { folder, key: KEY });
    for await (const { floor } of compactor.run(['default'], { seq: seq + 1 })) expect(floor).toBe(seq);
  };
  const changes = async (query: string) =>
    (await server.api.get(`/api/sync/changes?${query}`)) as unknown as { status: number; body: Changes };

  it('are told so where they are below it, and go on from it', async () => {
    const { body } = await changes('since=8');
    await compact(8);
    // what is in memory is still told; a server that starts has nothing in memory
    await server.close();
    server = await startApp({ DATABASE_URL: database.url });
    expect(await changes('since=7')).toMatchObject({
      status: 409,
      body: { code: 'reset', reason: 'compacted', head: 11 },
    });
    expect(await changes('since=0')).toMatchObject({ status: 409, body: { code: 'reset', reason: 'compacted' } });
    expect((await changes('since=8')).body).toEqual(body);
    expect((await changes(`since=8&hash=${(await changes('since=8&limit=1')).body.hash}`)).status).toBe(409);
    const whole = (await changes('since=0&compact=true')).body;
    const kinds = whole.events.map(({ type, atomeId, atome }) => [type, atomeId ?? atome.id]);
    expect(kinds).toEqual([
      ['atome:updated', 'a-2'],
      ['atome:updated', 'a-3'],
      ['atome:updated', 'a-4'],
      ['atome:deleted', 'a-5'],
      ['atome:altered', 'a-1'],
    ]);
    expect(whole.events[4]!.atome.data).toEqual({ n: 50 });
    expect((await server.api.get('/api/atome/a-1/history')).body).toMatchObject({ archivedTo: 3, total: 6 });
    expect(await server.api.get('/api/atome/a-1?version=2')).toMatchObject({
      status: 410,
      body: { code: 'gone', title: 'In an archive', archivedTo: 3 },
    });
    expect((await server.api.get('/api/atome/a-1?version=3')).body).toMatchObject({ atome: { data: { n: 20 } } });
  });

  it('is done once a day by one server', async () => {
    const options = { ...DEFAULT_RETENTION, keepMs: 1, archiveFolder: folder };
    const servers = [new Retention(store, options), new Retention(store, options)];
    await Promise.all(servers.map((each) => each.look()));
    await servers[0]!.look();
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('is found to be late where somebody holds it back, and not where nothing has to go', async () => {
    const running = (keepMs: number) => new Retention(store, { ...DEFAULT_RETENTION, keepMs, archiveFolder: folder });
    expect(running(0).lag.ms).toBeUndefined();
    await store.transact([`INSERT INTO atome_consumers (name, owner, expires_at) VALUES ('mails', '', 1)`]);
    const held = running(1);
    await held.look();
    expect(held.lag.ms).toBeGreaterThan(0);
    await store.transact([`DELETE FROM atome_consumers WHERE name LIKE '$retention%' OR name = 'mails'`]);
    const free = running(1);
    await free.look();
    expect(free.lag.ms).toBe(0);
    const years = running(1e12);
    await years.lag.measure();
    expect(years.lag.ms).toBe(0);
  });

  it('is sound', async () => {
    await compact(10);
    expect(await verifyLedger(store.ledger('default'))).toMatchObject({ floor: 10, fault: undefined });
  });
});
