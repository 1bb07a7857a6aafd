import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/server/app.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { OriginalClient, type Told } from '../support/original-client.js';

const AUTH: [name: string, environment: Record<string, string>, token?: string][] = [
  ['without tokens', {}],
  ['with tokens', WITH_TOKENS, tokenOf('writer')],
];

describe.each(DATABASES)('the original client on %s', (_database, create) => {
  describe.each(AUTH)('%s', (_name, environment, token) => {
    let database: Database;
    let server: TestApp;
    let [mine, other]: OriginalClient[] = [];
    beforeEach(async () => {
      database = await create();
      server = await startApp({ ...environment, DATABASE_URL: database.url });
      mine = await OriginalClient.connect(server.url, server.wsUrl, token);
      other = await OriginalClient.connect(server.url, server.wsUrl, token);
    });
    afterEach(async () => {
      await Promise.all([mine!.socket.close(), other!.socket.close()]);
      await server.close();
      await database.drop();
    });

    const seq = async (): Promise<number> => (await mine!.rest.call('GET', '/api/server-info')).seq as number;

    /** One change is one alteration, is heard once by the other, and breaks nobody. */
    async function once(event: string, change: () => Promise<Told>): Promise<Told> {
      const [before, heard] = [await seq(), other!.heard().length];
      const told = await change();
      if (!told.success) throw new Error(JSON.stringify(told));
      await mine!.socket.settled();
      await other!.socket.settled();
      expect(await seq()).toBe(before + 1);
      expect(other!.heard().slice(heard)).toEqual([event]);
      expect([...mine!.socket.all('error'), ...other!.socket.all('error')]).toEqual([]);
      return told;
    }

    const note = { kind: 'note', data: { name: 'hello.js', content: 'one' } };
    const created = async (): Promise<string> => (await once('atome:created', () => mine!.create(note))).id as string;
    const get = async (id: string) => (await other!.rest.call('GET', `/api/atome/${id}`)).atome as { data: object };

    it('creates, gets and lists', async () => {
      const id = await created();
      expect(await get(id)).toMatchObject({ id, kind: 'note', type: 'generic', data: note.data, version: 1 });
      const list = await other!.rest.call('GET', '/api/atome/list?kind=note&page=1&limit=20&sortBy=updatedAt');
      expect(list).toMatchObject({ success: true, total: 1, data: [{ id }] });
      expect(await other!.rest.call('GET', '/api/atome/list?limit=1&offset=1')).toMatchObject({ page: 2, data: [] });
    });

    it('alters, renames, deletes, restores, and reads the history', async () => {
      const id = await created();
      await once('atome:altered', () => mine!.alter(id, { operation: 'update', changes: { content: 'two' } }));
      await once('atome:altered', () => mine!.alter(id, { operation: 'patch', changes: { content: null } }));
      await once('atome:altered', () => mine!.alter(id, { operation: 'tag', changes: { tags: ['a'] } }));
      const renamed = await once('atome:altered', () => mine!.rename(id, 'renamed.js'));
      expect(renamed).toMatchObject({ oldName: 'hello.js', newName: 'renamed.js' });
      await once('atome:altered', () => mine!.alter(id, { operation: 'rename', changes: { newName: 'again.js' } }));
      await once('atome:deleted', () => mine!.delete(id, { reason: 'No longer needed' }));
      expect(await once('atome:altered', () => mine!.restore(id, 2))).toMatchObject({ newVersion: 8 });
      expect(await get(id)).toMatchObject({ data: { name: 'hello.js', content: 'two' } });
      const history = await other!.rest.call('GET', `/api/atome/${id}/history?page=1&limit=50`);
      expect(history).toMatchObject({ success: true, currentVersion: 8, total: 8 });
    });

    it('updates bare fields, and leaves the others', async () => {
      const id = await created();
      expect(await once('atome:altered', () => mine!.update(id, { title: 'T', content: 'two' }))).toMatchObject({
        atome: { data: { name: 'hello.js', title: 'T', content: 'two' } },
      });
      const more = { id, data: { title: 'U' }, properties: { title: 'U' } };
      await once('atome:altered', () => mine!.update(id, more));
      await once('atome:updated', () =>
        mine!.update(id, { ...more, data: { x: 1 }, properties: { x: 1 }, kind: 'task' }),
      );
      await once('atome:altered', () => mine!.update(id, { logicalClock: 3, deviceId: 'd', y: 2 }));
      expect(await get(id)).toMatchObject({
        kind: 'task',
        data: { name: 'hello.js', content: 'two', title: 'U', x: 1, y: 2 },
      });
    });

    it('resolves a conflict by a PUT of the whole atome, whatever version it has here', async () => {
      const id = await created();
      const local = { ...(await get(id)), version: 7, data: { only: 'local' }, ownerId: 'somebody', createdAt: 'then' };
      await once('atome:altered', () => other!.update(id, { title: 'theirs' }));
      await once('atome:updated', () => mine!.update(id, local));
      expect((await get(id)).data).toEqual({ only: 'local' });
    });

    it('copies an atome of the local store', async () => {
      const properties = { tag: 'span', text: 'x' };
      const first = { id: 'atome_1', kind: 'shape', tag: 'span', parent: null, properties };
      await once('atome:created', () => mine!.rest.call('POST', '/api/atome/create', first));
      expect(await get('atome_1')).toMatchObject({ kind: 'shape', data: properties, parentId: null });
      const second = {
        ...{ id: 'atome_2', kind: 'shape', tag: 'div', data: { text: 'y' }, properties: { text: 'y' } },
        ...{ parentId: 'atome_1', projectId: 'p1', createdAt: 'then', updatedAt: 'then' },
      };
      await once('atome:created', () => mine!.rest.call('POST', '/api/atome/create', second));
      const data = { text: 'y', tag: 'div', projectId: 'p1' };
      expect(await get('atome_2')).toMatchObject({ data, parentId: 'atome_1' });
    });

    it('announces late what another has undone, and undoes nothing', async () => {
      const id = await created();
      expect(await mine!.rest.call('DELETE', `/api/atome/${id}`, {})).toMatchObject({ success: true });
      await other!.restore(id, 1);
      mine!.broadcast({ type: 'atome:deleted', atomeId: id });
      await mine!.rest.call('POST', `/api/atome/${id}/rename`, { newName: 'mine' });
      await other!.rest.call('POST', `/api/atome/${id}/rename`, { newName: 'theirs' });
      // the version is that of another server
      const alteration = { operation: 'rename', newName: 'mine' };
      mine!.broadcast({ type: 'atome:altered', atomeId: id, alteration, atome: { id, version: 99 } });
      await mine!.socket.settled();
      expect(mine!.socket.all('error')).toEqual([]);
      expect(await get(id)).toMatchObject({ version: 5, deletedAt: null, data: { name: 'theirs' } });
    });
  });
});
