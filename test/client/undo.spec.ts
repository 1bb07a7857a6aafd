import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createClient, type Client } from '../../client/src/index.js';
import { undoable, type Undoable } from '../../client/src/undo.js';
import { startApp, type TestApp } from '../support/server/app.js';

let app: TestApp;
let client: Client;
let other: Client;
let undo: Undoable;
beforeEach(async () => {
  app = await startApp();
  client = createClient({ url: app.url });
  other = createClient({ url: app.url });
  undo = undoable(client);
});
afterEach(async () => {
  await Promise.all([client.close(), other.close()]);
  await app.close();
});

it('takes back what a server has taken, deletions too, and what another one has is the same', async () => {
  const { id } = await undo.create({ kind: 'note', data: { n: 1 } });
  await undo.update(id, { n: 2, m: { deep: 1 } });
  await undo.delete(id);
  await client.flush();
  await undo.undo();
  await client.flush();
  expect(await client.get(id)).toMatchObject({ data: { n: 2, m: { deep: 1 } } });
  await undo.undo();
  await client.flush();
  expect(await client.rejected()).toEqual([]);
  await other.ready();
  await other.waitFor(client.status().lastSeq);
  expect((await other.get(id))!.data).toEqual({ n: 1 });
  await undo.redo();
  await undo.redo();
  await client.flush();
  expect(await client.get(id)).toBeNull();
});

it('brings nothing back that somebody else has brought back, or deleted anew, since', async () => {
  const { id } = await undo.create({ kind: 'note', data: { n: 1 } });
  await client.flush();
  await undo.delete(id);
  await client.flush();
  await other.ready();
  await other.restore(id, 1);
  await other.flush();
  await client.waitFor(other.status().lastSeq);
  const parts = ['kind', 'type', 'parentId', 'data.n'];
  expect(await undo.undo()).toEqual({ ids: [], kept: [{ id, parts }] });

  await undo.delete(id);
  await client.flush();
  await other.waitFor(client.status().lastSeq);
  await other.restore(id, 1);
  await other.flush();
  await other.delete(id);
  await other.flush();
  await client.waitFor(other.status().lastSeq);
  expect(await undo.undo()).toEqual({ ids: [id], kept: [] });
  await client.flush();
  expect(await client.rejected()).toMatchObject([{ error: { code: 'conflict' } }]);
});
