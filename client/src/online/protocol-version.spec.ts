import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PROTOCOL_VERSION } from '../../../src/protocol/index.js';
import { createUnified, type UnifiedClient } from './unified.js';
import { MemoryNetwork } from '../connection/memory-transport.js';

let network: MemoryNetwork;
let socket: UnifiedClient['SyncWebSocket'];
let errors: unknown[];

beforeEach(() => {
  network = new MemoryNetwork();
  errors = [];
  socket = createUnified({ dial: network.dial }).SyncWebSocket;
  socket.on('sync:error', ({ error }) => errors.push(error));
});

afterEach(() => socket.disconnect());

/** Connects to a server that speaks a version of the protocol. */
async function meet(protocol: number): Promise<boolean> {
  const connected = socket.connect();
  await Promise.resolve();
  network.peer.send({ type: 'welcome', clientId: 'c1', serverTime: 't', protocol, authRequired: false });
  network.peer.send({ type: 'subscribed', epoch: 'e', from: 0, head: 0 });
  return connected;
}

describe('the version of the protocol', () => {
  it('is no matter when the server speaks ours', async () => {
    await meet(PROTOCOL_VERSION);

    expect(errors).toEqual([]);
  });

  it('is reported once when the server is newer, and the connection stays', async () => {
    expect(await meet(PROTOCOL_VERSION + 1)).toBe(true);
    socket.disconnect();
    expect(await meet(PROTOCOL_VERSION + 1)).toBe(true);

    expect(socket.isConnected()).toBe(true);
    expect(errors).toEqual([
      expect.objectContaining({ code: 'outdated', message: expect.stringContaining('update @atome-sync/client') }),
    ]);
  });
});
