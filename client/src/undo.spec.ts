import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { created, frame, note, ScriptedServer } from '../../test/support/clients/scripted-server.js';
import { undoable } from './undo.js';

let server: ScriptedServer;
beforeEach(() => void (server = new ScriptedServer()));
afterEach(() => server.close());

it('takes writes back one by one, keys that were not there too, and does them again', async () => {
  const [client] = await server.live(1, [note('a', { n: 1, list: [1] })]);
  const writes = undoable(client);
  const data = async (): Promise<unknown> => (await client.get('a'))?.data;
  await writes.update('a', { n: 2, m: 1 });
  await writes.patch('a', [{ op: 'add', path: '/list/-', value: 2 }]);
  await writes.tag('a', ['urgent']);
  expect(writes.counts()).toEqual({ undo: 3, redo: 0 });
  await writes.undo();
  expect(await client.get('a')).toMatchObject({ meta: {}, data: { n: 2, m: 1, list: [1, 2] } });
  await writes.undo();
  await writes.undo();
  expect(await data()).toEqual({ n: 1, list: [1] });
  expect(await writes.undo()).toBe(false);
  await writes.redo();
  await writes.redo();
  expect(await data()).toEqual({ n: 2, m: 1, list: [1, 2] });
  await writes.rename('a', 'A');
  expect(await writes.redo()).toBe(false);
});

it('leaves what somebody else has changed since', async () => {
  const [client, peer] = await server.live(1, [note('a', { n: 1, m: 1 })]);
  const writes = undoable(client);
  await writes.update('a', { n: 2, m: 2 });
  const [{ opId }] = peer.take() as [{ opId: string }];
  frame(peer, 1, [
    created(2, { ...note('a', { n: 2, m: 2 }), version: 2 }, opId),
    created(3, { ...note('a', { n: 3, m: 2 }), version: 3 }, 'theirs'),
  ]);
  await writes.undo();
  expect((await client.get('a'))!.data).toEqual({ n: 3, m: 1 });
});

it('takes back what was created and, with the server, what was deleted', async () => {
  const [client] = await server.live(1, [note('a', { n: 1 })]);
  const writes = undoable(client);
  await writes.create({ id: 'b', kind: 'note', data: {} });
  await writes.undo();
  expect(await client.get('b')).toBeNull();
  await writes.delete('a');
  await writes.undo();
  const last = (await client.pending()).at(-1)!.operation;
  expect(last).toMatchObject({ operation: 'restore', atomeId: 'a', changes: { version: 1 } });
});

it('takes a batch back as one', async () => {
  const [client] = await server.live(2, [note('a', { n: 1 }), note('b', { n: 1 })]);
  const writes = undoable(client);
  await writes.batch(async () => {
    await writes.update('a', { n: 2 });
    void writes.update('b', { n: 2 });
  });
  expect(writes.counts()).toEqual({ undo: 1, redo: 0 });
  await writes.undo();
  expect((await client.list()).map(({ data }) => data)).toEqual([{ n: 1 }, { n: 1 }]);
});
