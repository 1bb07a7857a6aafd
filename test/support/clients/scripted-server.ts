import type { Atome, AtomeEvent, Welcome } from '../../../src/protocol/index.js';
import { MemoryNetwork, type MemoryPeer } from '../../../client/src/connection/memory-transport.js';
import { createClient, type AnyEvent, type Client, type ClientOptions } from '../../../client/src/index.js';

export const NOW = '2026-01-01T00:00:00.000Z';

export const note = (id: string, data: Atome['data'] = {}, version = 1): Atome => ({
  id,
  kind: 'note',
  type: null,
  data,
  meta: {},
  parentId: null,
  ownerId: 'ada',
  version,
  createdAt: NOW,
  updatedAt: NOW,
  deletedAt: null,
});

export const created = (seq: number, atome: Atome, opId: string | null = null): AtomeEvent => ({
  type: 'atome:created',
  atome,
  seq,
  timestamp: NOW,
  sourceClient: null,
  opId,
});

/** Resolves when an event has come. */
export function hear<Type extends AnyEvent['type']>(
  client: Client,
  type: Type,
): Promise<Extract<AnyEvent, { type: Type }>> {
  return new Promise((resolve) => {
    const stop = client.on('*', (event) => {
      if (event.type !== type) return;
      stop();
      resolve(event as Extract<AnyEvent, { type: Type }>);
    });
  });
}

/** Lets everything run that waits for nothing outside. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Answers a subscription from a place on. */
export function subscribe(peer: MemoryPeer, from: number, head = from, more: object = {}): void {
  peer.send({ type: 'subscribed', epoch: 'e1', from, head, ...more });
}

/** Tells everything from the beginning, as to a client without a cursor. */
export function replay(peer: MemoryPeer, seq: number, atomes: readonly Atome[] = []): void {
  subscribe(peer, 0, seq);
  const events = atomes.map((atome, i) => created(seq - atomes.length + i + 1, atome));
  if (seq > 0) frame(peer, 0, events, seq);
  peer.send({ type: 'sync:live', seq });
}

export function frame(peer: MemoryPeer, from: number, events: readonly AtomeEvent[], to = from + events.length): void {
  peer.send({ type: 'events', from, to, hash: `h${to}`, events });
}

/** A server whose words a spec says one by one, and its clients. */
export class ScriptedServer {
  readonly network = new MemoryNetwork();
  private readonly clients: Client[] = [];

  /** Makes a client of it. */
  open(options: ClientOptions = {}): Client {
    const client = createClient({ dial: this.network.dial, random: () => 0, ...options });
    this.clients.push(client);
    return client;
  }

  /** Connects the newest attempt of a client. @param more of the welcome */
  async accept(more: Partial<Welcome> = {}): Promise<MemoryPeer> {
    const isNew = ({ received, closedWith }: MemoryPeer): boolean => closedWith === undefined && received.length === 0;
    while (!this.network.peers.some(isNew)) await settle();
    const { peer } = this.network;
    peer.send({
      type: 'welcome',
      clientId: 'c1',
      serverTime: new Date().toISOString(),
      protocol: 1,
      authRequired: false,
      ...more,
    });
    return peer;
  }

  /** A client that is live at a seq, with these atomes. */
  async live(
    seq = 0,
    atomes: readonly Atome[] = [],
    options: ClientOptions = {},
  ): Promise<readonly [Client, MemoryPeer]> {
    const client = this.open(options);
    const peer = await this.accept();
    replay(peer, seq, atomes);
    await client.ready();
    peer.take();
    return [client, peer];
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
  }
}
