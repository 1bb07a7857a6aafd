import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AtomeEvent } from '../../src/protocol/index.js';
import { AtomeService } from '../../src/atome/atome.service.js';
import { bearer, type Api } from '../support/clients/api.js';
import { idOf, LiveReader } from '../support/clients/live-reader.js';
import { createFile, type Database } from '../support/databases/databases.js';
import { createDatabase } from '../support/databases/postgres.js';
import { HeldPropagation, propagated } from '../support/ledger/held-propagation.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';

const PLACES: readonly (readonly [string, () => Promise<Database>, number])[] = [
  ['one server on SQLite', () => Promise.resolve(createFile()), 1],
  ['two servers on PostgreSQL', createDatabase, 2],
];
const MALLORY = { read: ['mallory'], write: ['mallory'] };

describe.each(PLACES)('an access that is still to be propagated, on %s', (_name, create, count) => {
  let database: Database;
  let servers: TestApp[];
  let held: HeldPropagation;
  beforeEach(async () => {
    database = await create();
    const environment = { ...WITH_TOKENS, DATABASE_URL: database.url, HEAD_POLL_MS: '20' };
    servers = await Promise.all(Array.from({ length: count }, () => startApp(environment)));
    const ann = as('ann');
    await ann.create({}, { id: 'top', access: MALLORY });
    await ann.create({}, { id: 'mid', parentId: 'top', access: 'inherit' });
    await ann.create({ text: 'needle' }, { id: 'doc', parentId: 'mid', access: 'inherit' });
    held = new HeldPropagation();
  });
  afterEach(async () => {
    held.goOn();
    await Promise.all(servers.map((server) => server.close()));
    await database.drop();
  });

  const as = (id: string, at = 0): Api => servers[at]!.api.as(tokenOf('writer', { sub: id }));
  const share = async (access: unknown, id = 'top'): Promise<number> => {
    const { status, body } = await as('ann').post(`/api/atome/${id}/share`, { access });
    expect(status).toBe(200);
    return body.seq as number;
  };
  const push = (operation: object) => ({
    operations: [{ opId: randomUUID(), atomeId: 'doc', operation: 'update', ...operation }],
  });

  /** What one who reads is told of the descendants at each entry point; 404 and nothing where they are hidden. */
  async function seen(api: Api, at: number, who: string): Promise<Record<string, unknown>> {
    const status = async (path: string): Promise<number> => (await api.get(path)).status;
    const list = async (query: string): Promise<unknown> => {
      const { body } = await api.get(`/api/atome/list?${query}`);
      return [(body.data as { id: string }[]).map(({ id }) => id).filter((id) => id === 'doc'), body.total];
    };
    const snapshot = await (
      await fetch(`${servers[at]!.url}/api/sync/snapshot`, { headers: bearer(token(who)) })
    ).text();
    const { events } = (await api.get('/api/sync/changes?since=0&limit=1000')).body as { events: AtomeEvent[] };
    const principal = { id: who, tenant: 'acme', roles: ['writer'] };
    return {
      get: await status('/api/atome/doc'),
      past: await status('/api/atome/doc?version=1'),
      history: await status('/api/atome/doc/history'),
      list: await list('kind=note'),
      children: await list('parentId=mid'),
      search: await list('search=needle'),
      snapshot: snapshot.includes('needle'),
      changes: JSON.stringify(events).includes('needle'),
      service: await servers[at]!.app.get(AtomeService, { strict: false })
        .get('doc', undefined, principal)
        .then(
          () => 200,
          (error: unknown) => (error as { code: string }).code,
        ),
      export: JSON.stringify((await api.get('/api/user-data/export')).text).includes('needle'),
    };
  }
  const token = (id: string): string => tokenOf('writer', { sub: id });

  it('takes a right away at every entry point at once, and is told of later', async () => {
    await as('mallory').create({ text: 'needle' }, { id: 'mine', parentId: 'doc', access: 'inherit' });
    const shown = await seen(as('mallory'), 0, 'mallory');
    expect(shown).toMatchObject({ get: 200, past: 200, history: 200, snapshot: true, changes: true, service: 200 });
    const readers = await Promise.all(servers.map((server) => LiveReader.open(server, token('mallory'))));
    const taken = await share('private');
    await as('mallory').post(`/api/atome/mine/share`, { access: 'private' });
    for (const at of servers.keys()) {
      expect(await seen(as('mallory', at), at, 'mallory')).toMatchObject({
        get: 404,
        past: 404,
        history: 404,
        children: [[], 0],
        service: 'not_found',
      });
      expect(await seen(as('ann', at), at, 'ann')).toMatchObject({ get: 200, search: [['doc'], 1], snapshot: true });
    }
    const lost = await seen(as('mallory'), 0, 'mallory');
    expect(lost.list).toEqual([[], 1]);
    expect(lost.search).toEqual([[], 1]);
    const written = [
      await as('mallory').patch('/api/atome/doc', { n: 1 }),
      await as('mallory').put('/api/atome/doc', { data: {} }),
      await as('mallory').delete('/api/atome/doc'),
      await as('mallory').post('/api/atome/create', { kind: 'note', data: {}, parentId: 'doc', access: 'inherit' }),
    ];
    expect(written.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    const { body } = await as('mallory').post('/api/sync/push', push({ changes: { n: 1 } }));
    expect(body.results).toMatchObject([{ type: 'nack', error: { code: 'not_found' } }]);
    const socket = await servers[0]!.connect(bearer(token('mallory')));
    await socket.next('welcome');
    socket.send({ type: 'mutate', opId: randomUUID(), atomeId: 'doc', operation: 'update', changes: { n: 1 } });
    expect(await socket.answer()).toMatchObject({ type: 'nack', error: { code: 'not_found' } });

    // those who inherit are written on meanwhile, and nothing of that gets out
    for (let n = 0; n < 5; n += 1) expect((await as('ann').patch('/api/atome/doc', { secret: n })).status).toBe(200);
    const { seq: marked } = await as('ann').create({}, { id: 'mark' });
    const before = await Promise.all(readers.map((reader) => reader.until(marked as number)));
    for (const events of before.flat()) {
      const after = events.filter((event) => event.seq > taken && idOf(event) !== 'mark' && idOf(event) !== 'mine');
      expect(after).toEqual([]);
    }
    held.goOn();
    await propagated(servers[0]!);
    const { seq: end } = await as('ann').create({}, { id: 'end' });
    for (const events of (await Promise.all(readers.map((reader) => reader.until(end as number)))).flat()) {
      const left = events.filter(({ type }) => type === 'atome:left').map((event) => idOf(event));
      expect(left.sort()).toEqual(['doc', 'mid', 'top']);
      expect(JSON.stringify(events)).not.toContain('secret');
    }
    await Promise.all(readers.map((reader) => reader.close()));
  });

  it('gives a right when it arrives', async () => {
    await share('private');
    held.goOn();
    await propagated(servers[0]!);
    held = new HeldPropagation();
    await share(MALLORY);
    expect(await seen(as('mallory'), 0, 'mallory')).toMatchObject({ get: 404, search: [[], 0], changes: false });
    held.goOn();
    await propagated(servers[0]!);
    expect(await seen(as('mallory'), 0, 'mallory')).toMatchObject({ get: 200, search: [['doc'], 1], changes: true });
  });

  it('shows what was hidden in between when a right comes back before it was told to be gone', async () => {
    const reader = await LiveReader.open(servers.at(-1)!, token('mallory'));
    await share('private');
    await as('ann').patch('/api/atome/doc', { missed: true });
    await share(MALLORY);
    held.goOn();
    await propagated(servers[0]!);
    const { seq } = await as('ann').create({}, { id: 'end' });
    for (const events of await reader.until(seq as number)) {
      const last = events.filter((event) => idOf(event) === 'doc').at(-1);
      expect(last).toMatchObject({ type: 'atome:altered', atome: { data: { missed: true } } });
    }
    await reader.close();
  });
});
