import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createUnified, type UnifiedClient, type UnifiedAtome } from '../../client/src/index.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { DATABASES } from '../support/databases/databases.js';
import { freePort } from '../support/server/free-port.js';
import { EventRecorder } from '../support/clients/event-recorder.js';
import { startOn } from '../support/server/server-on.js';

describe.each(DATABASES)('UnifiedAtome on %s', (_name, create) => {
  let server: TestApp;
  let atomes: UnifiedAtome;
  beforeEach(async () => {
    server = await startOn(create);
    atomes = createUnified({ url: server.url }).UnifiedAtome;
  });
  afterEach(() => server.close());

  it('creates, changes, looks back and restores', async () => {
    const created = await atomes.create({ kind: 'note', data: { title: 'one' }, meta: { tags: ['a'] } });
    const { id = '' } = created;
    expect(created).toMatchObject({ success: true, version: 1, seq: 1, atome: { id, data: { title: 'one' } } });

    expect(await atomes.update(id, { title: 'two' }, { reason: 'better' })).toMatchObject({
      success: true,
      version: 2,
      alteration: { operation: 'update', reason: 'better' },
    });
    expect(await atomes.alter(id, { operation: 'tag', changes: { tags: ['b'] } })).toMatchObject({
      version: 3,
      atome: { meta: { tags: ['b'] } },
    });
    expect(await atomes.alter(id, { operation: 'patch', changes: [{ op: 'remove', path: '/title' }] })).toMatchObject({
      version: 4,
      atome: { data: {} },
    });
    expect(await atomes.rename(id, 'Named')).toMatchObject({ version: 5, oldName: null, newName: 'Named' });
    const whole = { data: { title: 'whole' } };
    expect(await atomes.alter(id, { operation: 'replace', changes: whole })).toMatchObject({
      version: 6,
      atome: whole,
    });

    expect(await atomes.get(id)).toMatchObject({ success: true, atome: { id, version: 6, ...whole } });
    expect(await atomes.get(id, { version: 2 })).toMatchObject({ atome: { data: { title: 'two' } } });
    expect(await atomes.get(id, { at: 1 })).toMatchObject({ atome: { data: { title: 'one' } } });
    expect(await atomes.get(id, { at: new Date() })).toMatchObject({ atome: { version: 6 } });

    expect(await atomes.delete(id, { reason: 'done' })).toMatchObject({ success: true, version: 7, restorable: true });
    expect(await atomes.get(id)).toMatchObject({ success: false, code: 'gone' });
    expect(await atomes.restore(id, 1)).toMatchObject({ success: true, restoredToVersion: 1, newVersion: 8 });

    const { alterations = [], total, currentVersion } = await atomes.history(id, { limit: 3 });
    expect({ total, currentVersion }).toEqual({ total: 8, currentVersion: 8 });
    expect(alterations.map(({ operation }) => operation)).toEqual(['restore', 'delete', 'replace']);
  });

  it('lists page by page', async () => {
    for (const n of [1, 2, 3])
      await atomes.create({ kind: n === 3 ? 'task' : 'note', data: { n, title: `number ${n}` } });

    const first = await atomes.list({ limit: 2, sortBy: 'createdAt', sortOrder: 'asc' });
    expect(first).toMatchObject({ success: true, total: 3, page: 1, pages: 2, data: [{ data: { n: 1 } }, {}] });
    const cursor = first.nextCursor!;
    const rest = await atomes.list({ limit: 2, sortBy: 'createdAt', sortOrder: 'asc', cursor });
    expect(rest).toMatchObject({ data: [{ data: { n: 3 } }], nextCursor: null });
    expect(await atomes.list({ kind: 'note', search: 'BER 2' })).toMatchObject({
      total: 1,
      data: [{ data: { n: 2 } }],
    });
  });
});

describe('a refusal', () => {
  let server: TestApp;
  let client: UnifiedClient;
  beforeEach(async () => {
    server = await startApp();
    client = createUnified({ url: server.url });
  });
  afterEach(() => server.close());

  it('is an answer with a code, not an exception', async () => {
    const { UnifiedAtome: atomes } = client;
    const { id = '' } = await atomes.create({ kind: 'note', data: {} });
    await atomes.update(id, { title: 'newer' });
    const refusals = [
      await atomes.get('nothing'),
      await atomes.create({ kind: 'no kind', data: {} }),
      await atomes.create({ id, kind: 'other', data: {} }),
      await atomes.update(id, { title: 'stale' }, { baseVersion: 1 }),
      await atomes.alter(id, { operation: 'patch', changes: [{ op: 'remove', path: '/none' }] }),
      await atomes.restore(id, 99),
      await atomes.get('..'),
    ];
    expect(refusals.map(({ success, code }) => [success, code])).toEqual([
      [false, 'not_found'],
      [false, 'invalid'],
      [false, 'exists'],
      [false, 'precondition_failed'],
      [false, 'patch_failed'],
      [false, 'not_found'],
      [false, 'invalid'],
    ]);
    expect(refusals.every(({ error = '' }) => error.length > 10)).toBe(true);
    expect(refusals[1]).toMatchObject({ status: 400, errors: [{ path: 'kind' }] });
  });

  it('is told as sync:rejected, with what was asked for', async () => {
    const recorder = new EventRecorder(client);
    await client.UnifiedAtome.update('nothing', { title: 'x' });
    expect(await recorder.next('sync:rejected')).toMatchObject({
      operation: { operation: 'update', atomeId: 'nothing' },
      error: { code: 'not_found', status: 404, retryable: false },
    });
    expect(recorder.all('sync:pending').map(({ count }) => count)).toEqual([1, 0]);
  });

  it('is "offline" when there is no server', async () => {
    const nowhere = createUnified({ url: `http://127.0.0.1:${await freePort()}`, random: () => 0 });
    expect(await nowhere.UnifiedAtome.list()).toMatchObject({ success: false, code: 'offline' });
    expect(await nowhere.UnifiedAtome.create({ kind: 'note', data: {} })).toMatchObject({ success: false });
  });
});
