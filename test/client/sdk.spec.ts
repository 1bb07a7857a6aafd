import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createUnified, SyncWebSocket, UnifiedAtome, UnifiedSync, type UnifiedClient } from '../../client/src/index.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { EventRecorder } from '../support/clients/event-recorder.js';

let server: TestApp;
let other: UnifiedClient;
beforeEach(async () => {
  server = await startApp();
  other = createUnified({ url: server.url });
});
afterEach(async () => {
  UnifiedSync.disconnectRealtime();
  other.SyncWebSocket.disconnect();
  await server.close();
});

const note = (title: string) => ({ kind: 'note', data: { title } });

describe('the default client', () => {
  it('connects, listens and creates', async () => {
    const recorder = new EventRecorder({ SyncWebSocket });
    const seen: string[] = [];
    expect(await SyncWebSocket.connect({ url: server.wsUrl, token: 'your-auth-token' })).toBe(true);
    const off = SyncWebSocket.on('atome:created', (data) => seen.push(data.atome.id));
    expect(SyncWebSocket.isConnected()).toBe(true);
    expect(SyncWebSocket.getState()).toMatchObject({ connected: true, phase: 'connected', url: server.wsUrl });

    const { success, id, version, atome } = await UnifiedAtome.create({
      kind: 'note',
      data: { title: 'My Note', content: 'Hello world' },
    });
    expect({ success, version, atome }).toMatchObject({ success: true, version: 1, atome: { id, kind: 'note' } });

    const { id: theirs } = await other.UnifiedAtome.create(note('theirs'));
    await recorder.next('atome:created', (event) => event.atome.id === theirs);
    off();
    const { id: last } = await other.UnifiedAtome.create(note('last'));
    await recorder.next('atome:created', (event) => event.atome.id === last);
    expect(seen).toEqual([theirs]);
  });

  it('calls back for everything that others do', async () => {
    const called: string[] = [];
    const noting = (name: string) => (): void => void called.push(name);
    const recorder = new EventRecorder({ SyncWebSocket });
    await UnifiedSync.connectRealtime({
      url: server.url,
      onAtomeCreated: noting('created'),
      onAtomeUpdated: noting('updated'),
      onAtomeDeleted: noting('deleted'),
      onConnected: noting('connected'),
      onDisconnected: noting('disconnected'),
      onError: noting('error'),
    });
    expect(UnifiedSync.isRealtimeConnected()).toBe(true);
    const off = UnifiedSync.on('atome:altered', noting('altered'));

    const { id = '' } = await other.UnifiedAtome.create(note('one'));
    await other.UnifiedAtome.alter(id, { operation: 'replace', changes: { data: { title: 'two' } } });
    await other.UnifiedAtome.update(id, { title: 'three' });
    await recorder.next('atome:altered');
    off();
    await other.UnifiedAtome.rename(id, 'four');
    await other.UnifiedAtome.delete(id);
    await recorder.next('atome:deleted');
    expect(called).toEqual(['connected', 'created', 'updated', 'updated', 'altered', 'updated', 'deleted']);
    // `on` came after `connectRealtime`, so its listener comes after the callback.

    await server.close();
    await recorder.next('sync:error', ({ error }) => error.message.includes('no connection'));
    expect(called.slice(7)).toEqual(['disconnected', 'error']);
    expect(UnifiedSync.isRealtimeConnected()).toBe(false);
  });

  it('is silent after disconnectRealtime, and takes new callbacks in place of the old ones', async () => {
    const called: string[] = [];
    const recorder = new EventRecorder({ SyncWebSocket });
    await UnifiedSync.connectRealtime({ url: server.url, onAtomeCreated: () => called.push('first') });
    UnifiedSync.disconnectRealtime();
    expect(UnifiedSync.isRealtimeConnected()).toBe(false);
    await other.UnifiedAtome.create(note('missed'));

    await UnifiedSync.connectRealtime({ onAtomeCreated: () => called.push('second') });
    await recorder.next('atome:created');
    expect(called).toEqual(['second']);
  });
});

describe('two clients', () => {
  let one: UnifiedClient;
  beforeEach(async () => {
    one = createUnified({ url: server.url });
    await Promise.all([one.SyncWebSocket.connect(), other.SyncWebSocket.connect()]);
  });
  afterEach(() => one.SyncWebSocket.disconnect());

  it('hear each other, and not themselves', async () => {
    const [hearsOne, hearsOther] = [new EventRecorder(one), new EventRecorder(other)];
    const { id: first } = await one.UnifiedAtome.create(note('first'));
    const { id: second } = await other.UnifiedAtome.create(note('second'));
    expect(await hearsOther.next('atome:created')).toMatchObject({ seq: 1, atome: { id: first } });
    expect(await hearsOne.next('atome:created')).toMatchObject({ seq: 2, atome: { id: second } });
    await other.UnifiedAtome.delete(second!);
    await hearsOne.next('atome:deleted');
    expect([hearsOne.seqs, hearsOther.seqs]).toEqual([[2, 3], [1]]);
  });

  it('see what is sent over the socket', async () => {
    const [hearsOne, hearsOther] = [new EventRecorder(one), new EventRecorder(other)];
    one.SyncWebSocket.send({ type: 'mutate', opId: 'op-1', operation: 'create', atomeId: 'a', ...note('sent') });
    expect(await hearsOne.next('ack')).toMatchObject({ type: 'ack', opId: 'op-1', seq: 1, version: 1 });
    expect(await hearsOther.next('atome:created')).toMatchObject({ atome: { id: 'a' }, opId: 'op-1' });

    one.SyncWebSocket.broadcastUpdate({ id: 'a', data: { title: 'broadcast' } });
    one.SyncWebSocket.broadcastAlter('a', { operation: 'rename', changes: { name: 'b' } });
    one.SyncWebSocket.broadcastDelete('a');
    expect(await hearsOther.next('atome:updated')).toMatchObject({ atome: { data: { title: 'broadcast' } } });
    expect(await hearsOther.next('atome:altered')).toMatchObject({ alteration: { operation: 'rename' } });
    expect(await hearsOther.next('atome:deleted')).toMatchObject({ atomeId: 'a', seq: 4 });

    one.SyncWebSocket.broadcastCreate({ id: 'b', ...note('made elsewhere') });
    expect(await hearsOther.next('atome:created')).toMatchObject({ atome: { id: 'b' } });
    expect(hearsOne.seqs).toEqual([]);
  });

  it('see who is there', async () => {
    const hearsOther = new EventRecorder(other);
    one.SyncWebSocket.send({ type: 'presence', state: { cursor: 5 } });
    const { clientId } = one.SyncWebSocket.getState();
    const presence = { type: 'presence', clientId };
    expect(await hearsOther.next('presence')).toMatchObject({ ...presence, state: { cursor: 5 } });
    one.SyncWebSocket.disconnect();
    expect(await hearsOther.next('presence')).toMatchObject({ ...presence, state: null });
  });
});
