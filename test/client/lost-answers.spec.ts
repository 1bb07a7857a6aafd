import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createUnified, type UnifiedClient } from '../../client/src/index.js';
import { DATABASES } from '../support/databases/databases.js';
import { EventRecorder } from '../support/clients/event-recorder.js';
import { LossyProxy } from '../support/faults/lossy-proxy.js';
import { startOn } from '../support/server/server-on.js';
import type { TestApp } from '../support/server/app.js';

describe.each(DATABASES)('a write whose answer was lost, on %s', (_name, create) => {
  let server: TestApp;
  let proxy: LossyProxy;
  let client: UnifiedClient;
  beforeEach(async () => {
    server = await startOn(create);
    proxy = await LossyProxy.start(server.url);
    client = createUnified({ url: proxy.url, random: () => 0 });
  });
  afterEach(async () => {
    await proxy.close();
    await server.close();
  });

  it('is made once, and answered as if nothing had been lost', async () => {
    const { UnifiedAtome: atomes } = client;
    const lossy = <T>(write: () => Promise<T>): Promise<T> => {
      proxy.loseAnswers();
      return write();
    };
    const { id = '', ...created } = await lossy(() => atomes.create({ kind: 'note', data: { name: 'one' } }));
    expect(created).toMatchObject({ success: true, version: 1, seq: 1, atome: { id, data: { name: 'one' } } });
    expect(await lossy(() => atomes.update(id, { title: 'two' }))).toMatchObject({ success: true, version: 2 });
    expect(await lossy(() => atomes.rename(id, 'two'))).toMatchObject({ version: 3, oldName: 'one', newName: 'two' });
    expect(await lossy(() => atomes.delete(id))).toMatchObject({ success: true, version: 4, restorable: true });
    expect(await lossy(() => atomes.restore(id, 1))).toMatchObject({ success: true, newVersion: 5 });

    expect(proxy.lost).toBe(5);
    const { alterations = [] } = await createUnified({ url: server.url }).UnifiedAtome.history(id);
    const operations = alterations.map(({ operation }) => operation);
    expect(operations).toEqual(['restore', 'delete', 'rename', 'update', 'create']);
  });

  it('is made once also when several answers in a row are lost', async () => {
    proxy.loseAnswers(4);
    const created = await client.UnifiedAtome.create({ kind: 'note', data: {} });
    expect(created).toMatchObject({ success: true, seq: 1 });
    expect(await client.UnifiedAtome.list()).toMatchObject({ total: 1 });
  });

  it('is given up after the sixth, with a code that says that nobody knows', async () => {
    const recorder = new EventRecorder(client);
    proxy.loseAnswers(6);
    const created = await client.UnifiedAtome.create({ kind: 'note', data: {} });
    expect(created).toMatchObject({ success: false, code: 'offline' });
    expect(proxy.lost).toBe(6);
    expect(recorder.all('sync:rejected')).toEqual([]);
  });
});
