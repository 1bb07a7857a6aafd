import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  created,
  frame,
  hear,
  note,
  NOW,
  subscribe,
  ScriptedServer,
} from '../../../test/support/clients/scripted-server.js';
import type { AtomeDelta, AtomeEvent } from '../../../src/protocol/index.js';
import type { MemoryPeer } from '../connection/memory-transport.js';

const LATER = '2026-01-01T00:00:09.000Z';

function delta(seq: number, version: number, changes: object, more: object = {}): AtomeDelta {
  const head = { seq, atomeId: 'a', version, reason: null, author: 'ben', sourceClient: 'c2', opId: `o${seq}` };
  const rest = { hlc: 'h', timestamp: LATER, superseded: [], operation: 'update', changes, ...more };
  return { type: 'atome:delta', alteration: { ...head, ...rest } as AtomeDelta['alteration'], seq };
}

let server: ScriptedServer;
beforeEach(() => void (server = new ScriptedServer()));
afterEach(() => server.close());

const accept = (): Promise<MemoryPeer> => server.accept({ deltas: true });

const tell = (peer: MemoryPeer, from: number, events: readonly object[]): void =>
  frame(peer, from, events as readonly AtomeEvent[]);

describe('a client whose server knows deltas', () => {
  it('asks for them, and makes whole events of them', async () => {
    const client = server.open();
    const peer = await accept();
    expect(peer.take()).toEqual([{ type: 'subscribe', since: 0, compact: true, deltas: true }]);
    subscribe(peer, 0, 1);
    // some may come before the replay is over
    tell(peer, 0, [created(1, note('a', { n: 1, kept: true })), delta(2, 2, { n: 2 })]);
    peer.send({ type: 'sync:live', seq: 2 });
    await client.ready();
    expect(await client.get('a')).toMatchObject({ data: { n: 2, kept: true }, version: 2, updatedAt: LATER });

    const heard = hear(client, 'atome:altered');
    tell(peer, 2, [
      delta(3, 3, { n: null }, { operation: 'patch' }),
      delta(4, 4, { tags: ['t'] }, { operation: 'tag' }),
    ]);
    const { atome, alteration, ...event } = await heard;
    expect(alteration).toMatchObject({ version: 3, changes: { n: null } });
    expect(atome).toEqual({ ...note('a', { kept: true }), version: 3, createdAt: NOW, updatedAt: LATER });
    expect(event).toMatchObject({ type: 'atome:altered', atomeId: 'a', seq: 3, opId: 'o3', sourceClient: 'c2' });
    expect(await client.get('a')).toMatchObject({ data: { kept: true }, meta: { tags: ['t'] }, version: 4 });
    expect(peer.take()).toEqual([]);
  });

  it('has all told whole where it does not have what was before, until it connects anew', async () => {
    const client = server.open();
    const peer = await accept();
    peer.take();
    subscribe(peer, 0, 1);
    tell(peer, 0, [created(1, note('a', { n: 1 }))]);
    peer.send({ type: 'sync:live', seq: 1 });
    await client.ready();

    tell(peer, 1, [delta(2, 3, { n: 3 })]);
    expect(peer.take()).toMatchObject([{ type: 'subscribe', since: 1 }]);
    expect(await client.get('a')).toMatchObject({ data: { n: 1 }, version: 1 });
    subscribe(peer, 1, 2);
    const { type: _delta, ...told } = delta(2, 3, { n: 3 });
    const whole = {
      ...told,
      type: 'atome:altered',
      atomeId: 'a',
      atome: note('a', { n: 3, m: 0 }, 3),
      timestamp: LATER,
    };
    tell(peer, 1, [{ ...whole, sourceClient: null, opId: null }]);
    expect(await client.get('a')).toMatchObject({ data: { n: 3, m: 0 }, version: 3 });

    peer.close(1006, '');
    const again = await accept();
    expect(again.take()).toMatchObject([{ type: 'subscribe', since: 2, deltas: true }]);
  });

  it('does not ask where the server does not know of them', async () => {
    server.open();
    const peer = await server.accept();
    expect(peer.take()).toEqual([{ type: 'subscribe', since: 0, compact: true }]);
  });
});
