import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createUnified, type UnifiedClient } from './unified.js';
import { MemoryNetwork } from '../connection/memory-transport.js';

let network: MemoryNetwork;
let client: UnifiedClient;
let diary: string[];

const note =
  (what: string) =>
  (payload: object): void =>
    void diary.push(`${what} ${Object.keys(payload).join()}`);

beforeEach(() => {
  network = new MemoryNetwork();
  diary = [];
  client = createUnified({ dial: network.dial });
});

afterEach(() => client.SyncWebSocket.disconnect());

async function connect(options = {}): Promise<boolean> {
  const connected = client.UnifiedSync.connectRealtime(options);
  await Promise.resolve();
  network.peer.send({ type: 'welcome', clientId: 'c1', serverTime: 't', authRequired: false });
  network.peer.send({ type: 'subscribed', epoch: 'e', from: 0, head: 0 });
  return connected;
}

function happen(seq: number, type: string): void {
  const event = { type, seq, opId: null, sourceClient: null };
  network.peer.send({ type: 'events', from: seq - 1, to: seq, hash: 'h', events: [event] });
}

describe('UnifiedSync', () => {
  it('calls back for what happens; onAtomeUpdated hears updated and altered', async () => {
    const options = {
      onAtomeCreated: note('created'),
      onAtomeUpdated: note('updated'),
      onAtomeDeleted: note('deleted'),
      onConnected: note('connected'),
      onDisconnected: note('disconnected'),
      onError: note('error'),
    };
    expect(await connect(options)).toBe(true);
    expect(client.UnifiedSync.isRealtimeConnected()).toBe(true);
    ['atome:created', 'atome:updated', 'atome:altered', 'atome:deleted'].forEach((type, i) => happen(i + 1, type));
    network.peer.send({ type: 'error', code: 'invalid', message: 'm' });
    client.UnifiedSync.disconnectRealtime();

    const event = 'type,seq,opId,sourceClient';
    expect(diary).toEqual([
      'connected clientId,serverTime',
      `created ${event}`,
      `updated ${event}`,
      `updated ${event}`,
      `deleted ${event}`,
      'error error',
      'disconnected code,reason',
    ]);
    expect(client.UnifiedSync.isRealtimeConnected()).toBe(false);
  });

  it('replaces the callbacks when called again', async () => {
    await connect({ onAtomeCreated: note('first') });
    await client.UnifiedSync.connectRealtime({ onAtomeCreated: note('second') });
    happen(1, 'atome:created');

    expect(diary).toEqual(['second type,seq,opId,sourceClient']);
    expect(network.peers).toHaveLength(1);
  });

  it('lets anybody listen, and stop', async () => {
    const off = client.UnifiedSync.on('atome:altered', note('altered'));
    await connect();
    happen(1, 'atome:altered');
    off();
    happen(2, 'atome:altered');
    expect(diary).toHaveLength(1);
  });

  it('sends the loose parts of the original client', async () => {
    expect(client.SyncWebSocket.broadcastDelete('a')).toBe(false);
    await connect();
    network.peer.take();
    const { SyncWebSocket } = client;
    const atome = { id: 'a', kind: 'note', data: {} };
    expect(SyncWebSocket.broadcastCreate(atome)).toBe(true);
    SyncWebSocket.broadcastUpdate(atome);
    SyncWebSocket.broadcastAlter('a', { operation: 'update', changes: { x: 1 } }, atome);
    SyncWebSocket.broadcastDelete('a');

    const common = { clientId: 'c1', timestamp: expect.any(String) };
    expect(network.peer.take()).toEqual([
      { type: 'atome:created', atome, ...common },
      { type: 'atome:updated', atome, ...common },
      {
        type: 'atome:altered',
        atomeId: 'a',
        alteration: { operation: 'update', changes: { x: 1 } },
        atome,
        ...common,
      },
      { type: 'atome:deleted', atomeId: 'a', ...common },
    ]);
  });

  it('keeps clients apart', async () => {
    const other = createUnified({ dial: new MemoryNetwork().dial });
    await connect();
    expect(other.UnifiedSync.isRealtimeConnected()).toBe(false);
  });
});
