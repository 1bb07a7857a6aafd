import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { created, frame, hear, note, ScriptedServer } from '../../../test/support/clients/scripted-server.js';
import type { MemoryPeer } from '../connection/memory-transport.js';
import { memoryStore, type Atome, type Client, type ErrorBody } from '../index.js';

let server: ScriptedServer;
beforeEach(() => void (server = new ScriptedServer()));
afterEach(() => server.close());

const EXISTS: ErrorBody = { code: 'exists', message: 'it is there', status: 409, retryable: false };
const nack = (peer: MemoryPeer, opId: string): void => peer.send({ type: 'nack', opId, error: EXISTS });
const sent = (peer: MemoryPeer): object[] => peer.take();

describe('what is shown of an own write once it is confirmed', () => {
  const told = (atome: Partial<Atome>): Atome => ({
    ...note('x', { n: 1 }),
    createdAt: '2026-02-02T00:00:00.000Z',
    updatedAt: '2026-02-02T00:00:00.000Z',
    ...atome,
  });

  it.each<[what: string, atome: Partial<Atome>, calls: number]>([
    ['as it was guessed, with the times of the server', { ownerId: 'anonymous' }, 1],
    ['of another owner', { ownerId: 'ada' }, 2],
    ['at another version', { ownerId: 'anonymous', version: 4 }, 2],
  ])('is what the server says: %s', async (_what, atome, calls) => {
    const [client, peer] = await server.live();
    const query = client.watch({ kind: 'note' });
    const shown: (readonly Atome[])[] = [];
    query.subscribe((atomes) => atomes.length > 0 && shown.push(atomes));
    const { opId } = await client.create({ id: 'x', kind: 'note', data: { n: 1 } });
    expect(query.getSnapshot()[0]).toMatchObject({ ownerId: 'anonymous', version: 1 });
    frame(peer, 0, [created(1, told(atome), opId)]);
    await client.flush();
    expect(query.getSnapshot()).toEqual([told(atome)]);
    expect(query.getSnapshot()[0]).toBe(await client.get('x'));
    expect(shown).toHaveLength(calls);
  });

  it('has one array as long as nothing of it changes', async () => {
    const [client, peer] = await server.live(1, [note('a')]);
    const query = client.watch({ kind: 'note' });
    query.subscribe(() => undefined);
    await client.list();
    const before = query.getSnapshot();
    frame(peer, 1, [created(2, { ...note('b'), kind: 'task' })]);
    await client.waitFor(2);
    expect(query.getSnapshot()).toBe(before);
  });
});

describe('a create that is refused', () => {
  /** A note with a change and a child, made offline, and refused. */
  async function refused(store = memoryStore()): Promise<readonly [Client, MemoryPeer, string]> {
    const [client, peer] = await server.live(0, [], { store });
    const { opId } = await client.create({ id: 'x', kind: 'note', data: {} });
    await client.update('x', { n: 1 });
    await client.create({ id: 'child', kind: 'note', data: {}, parentId: 'x' });
    expect(sent(peer)).toMatchObject([{ opId }]);
    nack(peer, opId);
    return [client, peer, opId];
  }

  it('takes with it what builds on it, of which nothing was sent', async () => {
    const [client, peer] = await refused();
    expect((await client.rejected()).map(({ operation }) => operation.operation)).toEqual([
      ...['create', 'update', 'create'],
    ]);
    expect((await client.rejected()).map(({ error }) => error.code)).toEqual(['exists', 'not_found', 'not_found']);
    expect(sent(peer)).toEqual([]);
    expect(await client.list()).toEqual([]);
  });

  it('comes back once where each is retried by itself, as in a loop', async () => {
    const [client] = await refused();
    for (const { operation } of await client.rejected()) await client.retry(operation.opId);
    expect(await client.pending()).toHaveLength(3);
    expect(await client.list()).toMatchObject([{ id: 'child' }, { id: 'x', data: { n: 1 } }]);
  });

  it('comes back once where all are retried at the same time, or one is twice', async () => {
    const [client] = await refused();
    const opIds = (await client.rejected()).map(({ operation }) => operation.opId);
    const written = await Promise.all([...opIds, ...opIds].map((opId) => client.retry(opId)));
    expect(new Set(written.map(({ opId }) => opId)).size).toBe(3);
    expect(await client.pending()).toHaveLength(3);
    expect(await client.rejected()).toEqual([]);
  });

  it('stays with all that builds on it where it is retried with what is no data', async () => {
    const [client, , opId] = await refused();
    const wrong = client.retry(opId, { data: 'text' as never });
    await expect(wrong).rejects.toMatchObject({ code: 'invalid' });
    expect(await client.pending()).toEqual([]);
    expect(await client.rejected()).toHaveLength(3);
    await client.retry(opId, { atomeId: 'y' });
    expect(await client.pending()).toHaveLength(3);
  });

  it.each(['at once', 'after a restart'])(
    'comes back with all of it in order, under another id too: %s',
    async (when) => {
      const store = memoryStore();
      const [first, itsPeer, opId] = await refused(store);
      let [client, peer] = [first, itsPeer];
      if (when === 'after a restart') {
        await client.close();
        [client, peer] = await server.live(0, [], { store });
      }
      const again = await client.retry(opId, { atomeId: 'y' });
      expect(again.id).toBe('y');
      expect(await client.get('y')).toMatchObject({ data: { n: 1 } });
      expect(await client.get('child')).toMatchObject({ parentId: 'y' });
      expect(await client.rejected()).toEqual([]);
      expect(sent(peer)).toMatchObject([{ operation: 'create', atomeId: 'y' }]);
      peer.send({ type: 'ack', opId: again.opId, atomeId: 'y', seq: 1, version: 1 });
      expect(sent(peer)).toMatchObject([
        { operation: 'update', atomeId: 'y', changes: { n: 1 } },
        { operation: 'create', atomeId: 'child', parentId: 'y' },
      ]);
    },
  );

  it('brings back nothing that was refused for itself', async () => {
    const [client, peer] = await server.live(1, [note('x')]);
    const { opId: update } = await client.update('x', { n: 1 });
    nack(peer, update);
    const { opId } = await client.create({ id: 'x', kind: 'note', data: {} });
    nack(peer, opId);
    await client.retry(opId, { atomeId: 'y' });
    expect((await client.rejected()).map(({ operation }) => operation.opId)).toEqual([update]);
  });

  it.each([undefined, null, 'text', ['list']])('is one that is refused here when its data is %j', async (data) => {
    const [client, peer] = await server.live();
    await expect(client.create({ kind: 'note', data: data as never })).rejects.toMatchObject({ code: 'invalid' });
    expect(sent(peer)).toEqual([]);
    expect(client.status()).toMatchObject({ pending: 0 });
  });

  it('leaves the inbox when a late copy of it was taken after all', async () => {
    const [client, peer] = await server.live();
    const rejected = hear(client, 'sync:rejected');
    const { opId } = await client.create({ id: 'x', kind: 'note', data: {} });
    nack(peer, opId);
    await rejected;
    expect(client.status()).toMatchObject({ rejected: 1 });
    frame(peer, 0, [created(1, note('x'), opId)]);
    await client.waitFor(1);
    expect(client.status()).toMatchObject({ rejected: 0, pending: 0 });
    expect(await client.rejected()).toEqual([]);
  });
});

describe('writes that wait', () => {
  it('can be seen, with why they do, and be taken back', async () => {
    const [client, peer] = await server.live();
    const { opId } = await client.create({ id: 'x', kind: 'note', data: {} });
    const error = { code: 'quota_exceeded', message: 'too many', status: 429, retryable: true } as const;
    peer.send({ type: 'nack', opId, error });
    expect(await client.pending()).toEqual([{ operation: expect.objectContaining({ opId, atomeId: 'x' }), error }]);
    await client.discard(opId);
    expect(await client.pending()).toEqual([]);
    expect(await client.list()).toEqual([]);
    await client.flush();
  });
});
