import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { frame, note, ScriptedServer } from '../../test/support/clients/scripted-server.js';
import type { Atome, AtomeEvent } from '../../src/protocol/index.js';
import * as entry from './undo.js';

const { undoable } = entry;
let server: ScriptedServer;
beforeEach(() => void (server = new ScriptedServer()));
afterEach(() => server.close());

/** Somebody else's change. */
const updated = (seq: number, atome: Atome): AtomeEvent => ({
  type: 'atome:updated',
  atome,
  seq,
  timestamp: atome.updatedAt,
  sourceClient: null,
  opId: null,
});

it('/undo exports these names', () => {
  expect(Object.keys(entry)).toEqual(['undoable']);
});

it('brings back what was there, step by step, and does it again', async () => {
  const [client] = await server.live(1, [note('a', { n: 1 })]);
  const undo = undoable(client);
  await undo.update('a', { n: 2, m: 1 });
  await undo.patch('a', [{ op: 'add', path: '/list', value: [1] }]);
  await undo.rename('a', 'A');
  await undo.tag('a', ['x']);
  await undo.replace('a', { type: 'memo', parentId: 'p', meta: { tags: ['y'], k: 1 } });
  expect(undo.steps()).toEqual({ undo: 5, redo: 0 });
  const shown = await undo.get('a');
  for (let i = 0; i < 5; i++) expect(await undo.undo()).toEqual({ ids: ['a'], kept: [] });
  expect(await undo.get('a')).toMatchObject({ data: { n: 1 }, meta: {}, type: null, parentId: null });
  expect(await undo.undo()).toBeNull();
  expect(undo.steps()).toEqual({ undo: 0, redo: 5 });
  for (let i = 0; i < 5; i++) await undo.redo();
  const { data, meta, type, parentId } = shown!;
  expect(await undo.get('a')).toMatchObject({ data, meta, type, parentId });
  expect(await undo.redo()).toBeNull();
});

it('leaves what somebody else has changed since, and says so', async () => {
  const [client, peer] = await server.live(1, [note('a', { n: 1, m: 1 })]);
  const undo = undoable(client);
  const { opId } = await undo.update('a', { n: 2, m: 2 });
  frame(peer, 1, [{ ...updated(2, note('a', { n: 2, m: 2 }, 2)), opId } as AtomeEvent]);
  frame(peer, 2, [updated(3, note('a', { n: 2, m: 3, k: 1 }, 3))]);
  expect(await undo.undo()).toEqual({ ids: ['a'], kept: [{ id: 'a', parts: ['data.m'] }] });
  expect((await undo.get('a'))!.data).toEqual({ n: 1, m: 3, k: 1 });
  expect(await undo.redo()).toEqual({ ids: ['a'], kept: [] });
  expect((await undo.get('a'))!.data).toEqual({ n: 2, m: 3, k: 1 });
});

it('deletes what was created unless somebody else has altered it', async () => {
  const [client, peer] = await server.live(1, [note('taken')]);
  const undo = undoable(client);
  const { id } = await undo.create({ kind: 'note', data: { n: 1 } });
  expect(await undo.undo()).toEqual({ ids: [id], kept: [] });
  expect(await undo.get(id)).toBeNull();
  const { id: other, opId } = await undo.create({ kind: 'note', data: { n: 1 } });
  const event = { ...updated(2, note(other, { n: 1 })), type: 'atome:created', opId };
  frame(peer, 1, [event as AtomeEvent, updated(3, note(other, { n: 5 }, 2))]);
  expect(await undo.undo()).toEqual({ ids: [], kept: [{ id: other, parts: ['data.n'] }] });
  expect(await undo.get(other)).not.toBeNull();
  await undo.create({ id: 'taken', kind: 'note', data: {} });
  expect(undo.steps()).toEqual({ undo: 0, redo: 0 });
});

it('takes a group back as one step, also where others are written without awaiting', async () => {
  const [client] = await server.live(1, [note('a', { n: 1 }), note('b', { n: 1 })]);
  const undo = undoable(client);
  const before = undo.update('b', { m: 1 });
  await undo.group(async () => {
    void undo.update('a', { n: 2 });
    await undo.group(() => undo.update('b', { n: 2 }));
    await undo.update('a', { n: 3 });
  });
  await before;
  expect(undo.steps()).toEqual({ undo: 2, redo: 0 });
  expect(await undo.undo()).toEqual({ ids: ['a', 'b'], kept: [] });
  expect([(await undo.get('a'))!.data, (await undo.get('b'))!.data]).toEqual([{ n: 1 }, { n: 1, m: 1 }]);
  await undo.redo();
  expect([(await undo.get('a'))!.data, (await undo.get('b'))!.data]).toEqual([{ n: 3 }, { n: 2, m: 1 }]);
});

it('remembers so many steps, none that changes nothing, and none to do again after a new one', async () => {
  const [client] = await server.live(1, [note('a', { n: 0 })]);
  const undo = undoable(client, 2);
  for (const n of [1, 2, 3, 3]) await undo.update('a', { n });
  await undo.update('nothing', { n: 1 });
  expect(undo.steps()).toEqual({ undo: 2, redo: 0 });
  await undo.undo();
  await undo.update('a', { m: 1 });
  expect(undo.steps()).toEqual({ undo: 2, redo: 0 });
});

it('keeps what could not be taken back', async () => {
  const [client] = await server.live(1, [note('a', { n: 0 })]);
  const undo = undoable(client);
  await undo.update('a', { n: 1 });
  await client.close();
  await expect(undo.undo()).rejects.toMatchObject({ code: 'offline' });
  expect(undo.steps()).toEqual({ undo: 1, redo: 0 });
});
