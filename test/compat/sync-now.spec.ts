import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { OriginalAdapter, OriginalClient, syncNow, type Told } from '../support/original-client.js';

const AUTH: [name: string, environment: Record<string, string>, token?: string][] = [
  ['without tokens', {}],
  ['with tokens', WITH_TOKENS, tokenOf('writer')],
];

describe.each(DATABASES)('syncNow of the original client, on %s', (_database, create) => {
  describe.each(AUTH)('%s', (_name, environment, token) => {
    let databases: Database[];
    let servers: TestApp[];
    let [local, cloud]: OriginalAdapter[] = [];
    let watcher: OriginalClient;
    beforeEach(async () => {
      databases = [await create(), await create()];
      servers = [];
      for (const { url } of databases) servers.push(await startApp({ ...environment, DATABASE_URL: url }));
      [local, cloud] = servers.map(({ url }) => new OriginalAdapter(url, token));
      watcher = await OriginalClient.connect(servers[1]!.url, servers[1]!.wsUrl, token);
    });
    afterEach(async () => {
      await watcher.socket.close();
      for (const server of servers) await server.close();
      for (const { drop } of databases) await drop();
    });

    const make = (on: OriginalAdapter, id: string, data: object): Promise<Told> =>
      on.call('POST', '/api/atome/create', { id, kind: 'note', data, logicalClock: 1, deviceId: 'd' });
    const dataOf = async (on: OriginalAdapter, id: string): Promise<unknown> =>
      ((await on.call('GET', `/api/atome/${id}`)).atome as { data: unknown } | undefined)?.data;
    const seqs = async (): Promise<unknown[]> =>
      Promise.all([local!, cloud!].map(async (on) => (await on.call('GET', '/api/server-info')).seq));

    it('brings each server what the other has, once', async () => {
      await make(local!, 'a', { from: 'local' });
      await make(cloud!, 'b', { from: 'cloud' });
      const first = await syncNow(local!, cloud!, null);
      expect(first).toMatchObject({ pushed: 1, pulled: 2, conflicts: [] });
      expect([await dataOf(cloud!, 'a'), await dataOf(local!, 'b')]).toEqual([{ from: 'local' }, { from: 'cloud' }]);
      expect(await seqs()).toEqual([2, 2]);
      await syncNow(local!, cloud!, first.syncedAt);
      expect(await seqs()).toEqual([2, 2]);
      await watcher.socket.settled();
      expect(watcher.heard()).toEqual(['atome:created', 'atome:created']);
      expect(watcher.socket.all('error')).toEqual([]);
    });

    it('brings changes and deletions, each as one alteration, and what was acknowledged no more', async () => {
      for (const id of ['a', 'b', 'c']) await make(local!, id, { n: 1, title: 't' });
      const { syncedAt } = await syncNow(local!, cloud!, null);
      await local!.call('PUT', '/api/atome/a', { n: 2 });
      await local!.call('DELETE', '/api/atome/b', {});
      await cloud!.call('PUT', '/api/atome/c', { title: 'u' });
      const pending = await local!.call('GET', '/api/atome/sync/pull');
      expect((pending.atomes as { id: string }[]).map(({ id }) => id)).toEqual(['a', 'b']);
      expect(await syncNow(local!, cloud!, syncedAt)).toMatchObject({ conflicts: [] });
      for (const on of [local!, cloud!]) {
        expect(await dataOf(on, 'a')).toEqual({ n: 2, title: 't' });
        expect(await on.call('GET', '/api/atome/b')).toMatchObject({ status: 410 });
        expect(await dataOf(on, 'c')).toEqual({ n: 1, title: 'u' });
      }
      expect(await seqs()).toEqual([6, 6]);
    });

    it('lets the later write win, also when the earlier one is pushed again', async () => {
      const item = { id: 'a', kind: 'note', data: { n: 1 }, updated_at: '2026-01-01T00:00:00Z', logical_clock: 1 };
      const later = { ...item, data: { n: 2 }, updated_at: '2026-01-02T00:00:00Z', logical_clock: 2 };
      const push = (...atomes: object[]): Promise<Told> => cloud!.call('POST', '/api/sync/push', { atomes });
      const synced = { success: true, syncedIds: ['a'], conflicts: [] };
      for (const each of [item, later, item, later, item]) expect(await push(each)).toMatchObject(synced);
      expect(await dataOf(cloud!, 'a')).toEqual({ n: 2 });
      expect((await seqs())[1]).toBe(2);
      // without a time what comes later is later, and the same push is the same write
      const plain = { id: 'b', kind: 'note', data: { n: 1 } };
      await push(plain);
      await cloud!.call('PUT', '/api/atome/b', { n: 2 });
      await push(plain);
      await push({ ...plain, data: { n: 3 } });
      expect(await dataOf(cloud!, 'b')).toEqual({ n: 3 });
      expect((await seqs())[1]).toBe(5);
    });

    it('names what it does not take, and takes the rest', async () => {
      await make(cloud!, 'gone', { n: 1 });
      await cloud!.call('DELETE', '/api/atome/gone', {});
      const time = { updatedAt: new Date(Date.now() + 10_000).toISOString() };
      const atomes = [
        { id: 'gone', kind: 'note', data: { n: 2 }, ...time },
        { id: 'a b', kind: 'note', data: {} },
        'nothing',
        { id: 'never', deleted: true },
        { id: 'good', data: { n: 1 }, parent: null, properties: { m: 2 } },
      ];
      expect(await cloud!.call('POST', '/api/atome/sync/push', { atomes })).toMatchObject({
        success: true,
        synced: 2,
        syncedIds: ['never', 'good'],
        conflicts: [
          { id: 'gone', code: 'gone' },
          { id: 'a b', code: 'invalid' },
          { id: null, code: 'invalid' },
        ],
      });
      expect(await dataOf(cloud!, 'good')).toEqual({ n: 1, m: 2 });
      expect(await cloud!.call('POST', '/api/sync/push', { atomes: {} })).toMatchObject({ status: 400 });
      const many = Array.from({ length: 1_001 }, () => 1);
      expect(await cloud!.call('POST', '/api/sync/push', { atomes: many })).toMatchObject({ status: 413 });
    });

    it('pulls by a time, by a seq, and from the changes', async () => {
      await make(cloud!, 'a', { n: 1 });
      await make(cloud!, 'b', { n: 1 });
      const idsOf = ({ atomes }: Told): string[] => (atomes as { id: string }[]).map(({ id }) => id);
      const pull = async (query: string): Promise<string[]> => idsOf(await cloud!.call('GET', `/api/sync/${query}`));
      expect(await pull('pull')).toEqual(['a', 'b']);
      expect(await pull('pull?since=1')).toEqual(['b']);
      expect(await pull('pull?since=2020-01-31T12:00:00.000Z')).toEqual(['a', 'b']);
      expect(await pull('pull?since=0')).toEqual(['a', 'b']);
      await make(cloud!, 'c', { n: 1 });
      // its clock is ahead, or it changed while the answer was under way
      expect(await pull('pull?since=2100-01-31T12:00:00.000Z')).toEqual(['c']);
      await make(cloud!, 'd', { n: 1 });
      expect(await pull('changes?since=2100-01-31T12:00:00.000Z')).toEqual(['d']);
      for (const since of ['yesterday', '2026-99-99T00:00:00Z']) {
        expect(await cloud!.call('GET', `/api/sync/pull?since=${since}`)).toMatchObject({ status: 400 });
      }
      expect(await cloud!.call('POST', '/api/sync/ack', { ids: 'a' })).toMatchObject({ status: 400 });
    });

    it('goes on where an answer was full, by either way', async () => {
      const text = 'x'.repeat(200_000);
      const ids = ['a', 'b', 'c', 'd', 'e'];
      for (const id of ids) await make(local!, id, { text });
      let since: string | null = null;
      for (let round = 0; round < 4; round += 1) since = (await syncNow(local!, cloud!, since)).syncedAt;
      expect((await cloud!.call('GET', '/api/atome/list')).total).toBe(5);
      const fresh = await cloud!.call('GET', '/api/sync/pull');
      expect(fresh).toMatchObject({ hasMore: true });
      const next = await cloud!.call('GET', `/api/sync/pull?since=${new Date().toISOString()}`);
      const told = [...(fresh.atomes as { id: string }[]), ...(next.atomes as { id: string }[])].map(({ id }) => id);
      expect(told).toEqual(ids.slice(0, told.length));
      expect((next.atomes as unknown[]).length).toBeGreaterThan(0);
    });
  });
});
