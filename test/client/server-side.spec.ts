import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createClient } from '../../client/src/index.js';
import { serverSide, type BatchError, type Other, type ServerSide } from '../../client/src/server.js';
import { startApp, type TestApp } from '../support/server/app.js';

let app: TestApp;
let sides: ServerSide[];
beforeEach(async () => {
  app = await startApp();
  sides = [0, 1].map(() => serverSide({ url: app.url }));
});
afterEach(async () => {
  sides.forEach((side) => side.close());
  await app.close();
});

it('looks back, restores and erases what an offline-first client has written, which hears of that', async () => {
  const [server] = sides as [ServerSide];
  const client = createClient({ url: app.url });
  const { id } = await client.create({ kind: 'note', data: { n: 1 } });
  await client.update(id, { n: 2 });
  await client.flush();
  expect((await server.history(id)).total).toBe(2);
  const found: string[] = [];
  for await (const { operation } of server.alterations(id)) found.push(operation);
  expect(found.sort()).toEqual(['create', 'update']);
  expect(await server.get(id, { version: 1 })).toMatchObject({ data: { n: 1 } });
  expect(await server.get('nothing')).toBeNull();
  const { seq } = await server.restore(id, 1);
  await client.waitFor(seq);
  expect(await client.get(id)).toMatchObject({ data: { n: 1 }, version: 3 });
  const erased = await server.erase(id, { reason: 'asked for' });
  await client.waitFor(erased.seq);
  expect(await client.get(id)).toBeNull();
  await expect(server.restore('nothing', 1)).rejects.toMatchObject({ name: 'SyncError', code: 'not_found' });
  await client.close();
});

it('writes a batch whole, or not at all', async () => {
  const [server] = sides as [ServerSide];
  const create = (atomeId: string) => ({ operation: 'create', atomeId, kind: 'note', data: {} });
  const wrong = { operation: 'update', atomeId: 'nothing', changes: { n: 1 } };
  await expect(server.batch([create('a'), wrong])).rejects.toMatchObject({ code: 'not_found' });
  expect(await server.get('a')).toBeNull();
  const acks = await server.batch([create('a'), create('b')]);
  expect(acks.map(({ atomeId }) => atomeId)).toEqual(['a', 'b']);
  expect(acks[1]!.seq).toBe(acks[0]!.seq + 1);
});

it('writes a batch once where its answer is lost, and tells under which names it was written', async () => {
  let lost = 1;
  const losing: typeof fetch = async (...args) => {
    const response = await fetch(...args);
    if (lost-- > 0) throw new TypeError('the line was cut');
    return response;
  };
  const server = serverSide({ url: app.url, fetch: losing });
  const update = { operation: 'update', atomeId: 'a', changes: { n: 1 } };
  const [made] = await server.batch([{ operation: 'create', atomeId: 'a', kind: 'note', data: {} }]);
  expect(made).toMatchObject({ version: 1, duplicate: true });
  lost = Infinity;
  const { opIds } = (await server.batch([update]).catch((error: unknown) => error)) as BatchError;
  lost = 0;
  await server.batch([{ ...update, opId: opIds[0]! }]);
  expect((await server.history('a')).total).toBe(2);
  server.close();
});

it('tells who else is there, who moves and who goes', async () => {
  const [ann, bob] = sides as [ServerSide, ServerSide];
  let heard: readonly Other[] = [];
  let wake = (): void => undefined;
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise<void>((resolve) => (wake = resolve));
  };
  const states = (): unknown[] => heard.map(({ state }) => state);
  ann.presence.watch((others) => {
    heard = others;
    wake();
  });
  bob.presence.set({ cursor: 1 });
  await until(() => states().length === 1);
  expect(heard).toMatchObject([{ principal: 'anonymous', state: { cursor: 1 } }]);
  bob.presence.set({ cursor: 2 });
  await until(() => JSON.stringify(states()) === '[{"cursor":2}]');
  expect(ann.presence.others()).toBe(heard);
  bob.close();
  await until(() => states().length === 0);
});
