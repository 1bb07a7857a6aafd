import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as sdk from '../../client/src/index.js';
import * as backends from '../../client/src/dual.js';
import { serverSide, type ServerSide } from '../../client/src/server.js';
import { undoable } from '../../client/src/undo.js';
import { validated } from '../../client/src/validate.js';
import { where } from '../../client/src/where.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { EventRecorder } from '../support/clients/event-recorder.js';
import { next } from '../support/clients/offline.js';
import { runProgram as run } from '../support/clients/run-program.js';

const README = readFileSync(new URL('../../client/README.md', import.meta.url), 'utf8');
const PROGRAMS = [...README.matchAll(/```js\n(.*?)```/gs)].map((match) => match[1]!);

/** The program of the README that contains a text, word for word but for its import and its server. */
function program(containing: string, url: string): string {
  const found = PROGRAMS.filter((code) => code.includes(containing));
  expect(found).toHaveLength(1);
  return found[0]!.replace(/^import .*$/m, '').replaceAll('http://127.0.0.1:3001', url);
}

describe('the programs of the README', () => {
  let server: TestApp;
  let other: sdk.UnifiedClient;
  beforeEach(async () => {
    server = await startApp();
    other = sdk.createUnified({ url: server.url });
  });
  afterEach(async () => {
    sdk.UnifiedSync.disconnectRealtime();
    await server.close();
  });

  it('begin with one that listens and creates', async () => {
    const lines: unknown[][] = [];
    const console = { log: (...line: unknown[]) => lines.push(line) };
    const recorder = new EventRecorder(sdk);
    const first = program('onAtomeDeleted: ({ atomeId }) => console', server.url);
    const { success, id, error } = await run(first, { console }, 'success, id, error');
    expect({ success, error }).toEqual({ success: true, error: undefined });

    await other.UnifiedAtome.update(String(id), { title: 'changed' });
    await other.UnifiedAtome.delete(String(id));
    await recorder.next('atome:deleted');
    expect(lines).toEqual([
      ['changed', { title: 'changed' }],
      ['gone', id],
    ]);
  });

  it('work offline first', async () => {
    const shown: unknown[] = [];
    const given = {
      indexedDbStore: sdk.memoryStore,
      render: (todos: readonly sdk.Atome[]) => shown.push(todos.length),
    };
    const { client } = (await run(program('indexedDbStore()', server.url), given, 'client')) as { client: sdk.Client };
    await client.flush();
    expect(shown.at(-1)).toBe(0);
    expect(await other.UnifiedAtome.list({ kind: 'todo' })).toMatchObject({ data: [{ data: { done: true } }] });
    await client.close();
  });

  it('choose by a condition', async () => {
    const client = sdk.createClient({ url: server.url });
    const add = (data: sdk.JsonObject, tags: string[] = []) => client.create({ kind: 'todo', data, meta: { tags } });
    await add({ n: 1, done: false, due: '2026-12-01' });
    await add({ n: 2, done: false }, ['urgent']);
    await add({ n: 3, done: true, due: '2026-12-01' });
    await add({ n: 4, done: false, due: '2027-01-01' });
    const shown = new Promise<unknown>((render) => {
      void run(program('where({', server.url), { client, where, render });
    });
    expect(await shown).toMatchObject([{ data: { n: 1 } }, { data: { n: 2 } }]);
    await client.close();
  });

  it('show a list and keep it right', async () => {
    await sdk.SyncWebSocket.connect({ url: server.url });
    const { id: old = '' } = await other.UnifiedAtome.create({ kind: 'note', data: { n: 1 } });
    const recorder = new EventRecorder(sdk);
    const { notes } = await run(program('Map()', server.url), {}, 'notes');
    const { id: young = '' } = await other.UnifiedAtome.create({ kind: 'note', data: { n: 2 } });
    await other.UnifiedAtome.update(young, { n: 3 });
    await other.UnifiedAtome.delete(old);
    await recorder.next('atome:deleted');
    const shown = [...(notes as Map<string, sdk.Atome>)].map(([id, { data }]) => [id, data]);
    expect(shown).toEqual([[young, { n: 3 }]]);
  });

  it('do not overwrite what they have not seen', async () => {
    await sdk.SyncWebSocket.connect({ url: server.url });
    const { id = '', atome } = await other.UnifiedAtome.create({ kind: 'note', data: {} });
    await other.UnifiedAtome.update(id, { title: 'faster' });
    const { code } = await run(program('baseVersion', server.url), { id, atome }, 'code');
    expect(code).toBe('precondition_failed');
  });

  it('look back, and go back', async () => {
    await sdk.SyncWebSocket.connect({ url: server.url });
    const { id = '' } = await other.UnifiedAtome.create({ kind: 'note', data: { n: 1 } });
    for (const n of [2, 3, 4]) await other.UnifiedAtome.update(id, { n });
    const { alterations } = await run(program('.history(id)', server.url), { id }, 'alterations');
    expect(alterations).toHaveLength(4);
    expect(await other.UnifiedAtome.get(id)).toMatchObject({ atome: { version: 5, data: { n: 3 } } });
  });

  it('write to two servers', async () => {
    const cloud = await startApp();
    const code = program('backends.local.state', server.url)
      .replace('http://127.0.0.1:3000', server.url)
      .replace('https://sync.example.org', cloud.url);
    const given = { createBackends: backends.createBackends, console: { log: () => undefined } };
    const { local, cloud: far } = (await run(code, given, 'local, cloud')) as unknown as backends.Backends;
    await Promise.all([local.flush(), far.flush()]);
    for (const { api } of [server, cloud]) {
      expect((await api.get('/api/atome/list')).body).toMatchObject({ data: [{ data: { title: 'Milk' } }] });
    }
    await Promise.all([local.close(), far.close()]);
    await cloud.close();
  });

  it('check before anything is kept', async () => {
    const client = sdk.createClient({ url: server.url });
    const validate = () => ({ issues: [{ message: 'no text', path: ['title'] }] });
    const given = { validated, client, todoSchema: { '~standard': { validate } } };
    await expect(run(program('todoSchema', server.url), given)).rejects.toMatchObject({ code: 'invalid' });
    expect(client.status().pending).toBe(0);
    await client.close();
  });

  it('take back what was written', async () => {
    const client = sdk.createClient({ url: server.url });
    const { id } = await client.create({ kind: 'note', data: { title: 'Bread' } });
    const given = { undoable, client, id };
    const { doc } = (await run(program('undoable(client)', server.url), given, 'doc')) as unknown as {
      readonly doc: ReturnType<typeof undoable>;
    };
    expect(await client.get(id)).toMatchObject({ data: { title: 'Milk', name: 'Shopping' }, meta: { tags: ['food'] } });
    expect(doc.steps()).toEqual({ undo: 2, redo: 0 });
    await client.flush();
    expect(await client.rejected()).toEqual([]);
    await client.close();
  });

  it('ask for what only the server has', async () => {
    const lines: unknown[][] = [];
    const console = { log: (...line: unknown[]) => lines.push(line) };
    for (const id of ['a', 'b', 'c']) await other.UnifiedAtome.create({ id, kind: 'account', data: { amount: 10 } });
    const given = { serverSide, console, url: server.url, token: undefined, id: 'a', from: 'b', to: 'c' };
    const code = program('serverSide({', server.url);
    const asked = await run(code, { ...given, renderCursors: () => undefined }, 'server, before');
    expect(lines).toEqual([['create', expect.anything()]]);
    expect(asked.before).toBeNull();
    const amounts = ['b', 'c'].map(async (id) => (await other.UnifiedAtome.get(id)).atome?.data.amount);
    expect(await Promise.all(amounts)).toEqual([5, 15]);
    (asked.server as ServerSide).close();
  });

  it('show what was refused, and let the user decide', async () => {
    await sdk.SyncWebSocket.connect({ url: server.url });
    for (const id of ['a', 'b']) await other.UnifiedAtome.create({ id, kind: 'note', data: { title: 'theirs' } });
    const store = sdk.memoryStore();
    const before = sdk.createClient({ url: server.url, store });
    await before.create({ id: 'a', kind: 'note', data: { title: 'the same id' } });
    await before.flush();
    await before.close();

    const client = sdk.createClient({ url: server.url, store });
    await client.ready();
    const asked: unknown[] = [];
    const ask = (_question: string, title: string): string | undefined => {
      asked.push(title);
      return title === 'mine' ? 'theirs' : undefined;
    };
    await client.create({ id: 'b', kind: 'note', data: { title: 'mine' } });
    const decided = next(
      client,
      'sync:status',
      ({ rejected, pending }) => asked.length === 2 && rejected + pending === 0,
    );
    await run(program("on('sync:rejected'", server.url), { client, ask });
    await decided;
    expect(asked).toEqual(['the same id', 'mine']);
    expect(await client.list()).toMatchObject([{ data: { title: 'theirs' } }, { data: { title: 'theirs' } }]);
    await client.close();
  });

  it('draw once a frame', async () => {
    const client = sdk.createClient({ url: server.url });
    await client.create({ kind: 'note', data: {} });
    await client.create({ kind: 'note', data: {} });
    await client.flush();
    const drawn = new Promise((render) => {
      const given = { requestAnimationFrame: setImmediate, cancelAnimationFrame: clearImmediate, client, render };
      void run(program('requestAnimationFrame', server.url), given);
    });
    expect(await drawn).toHaveLength(2);
    await client.close();
  });

  it('make clients of their own', async () => {
    const given = { url: server.url, localStorage: { getItem: () => 'token' } };
    const [, filtered = ''] = /`(createUnified\(\{ url, filter.*?\))`/.exec(README)!;
    for (const code of [program('renew ?', server.url), filtered]) {
      const { made } = await run(`const made = ${code}`, given, 'made');
      expect(await (made as sdk.UnifiedClient).UnifiedAtome.list()).toMatchObject({ success: true });
    }
  });
});
