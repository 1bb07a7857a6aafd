import { expect, it } from '@jest/globals';
import { createClient } from './client.js';
import { MemoryNetwork } from '../connection/memory-transport.js';
import { memoryStore } from '../storage/memory/memory-store.js';

it('keeps the order of writes while JSON Patch is being loaded for one of them', async () => {
  const store = memoryStore();
  const client = createClient({ url: 'ws://test', store, dial: new MemoryNetwork().dial });
  const { id } = await client.create({ kind: 'note', data: { list: [1] } });
  await Promise.all([client.patch(id, [{ op: 'add', path: '/list/-', value: 2 }]), client.update(id, { done: true })]);
  expect(await client.get(id)).toMatchObject({ data: { list: [1, 2], done: true } });
  await client.close();
  const { outbox } = await store.open();
  expect(outbox.map(({ operation }) => operation)).toEqual(['create', 'patch', 'update']);
});

it('refuses what JSON would make something else of', async () => {
  const client = createClient({ url: 'ws://test', store: memoryStore(), dial: new MemoryNetwork().dial });
  const odds = [
    new Date(NaN),
    NaN,
    Infinity,
    1n,
    new Map([['a', 1]]),
    new Set([1]),
    Promise.resolve(1),
    new Blob(['a']),
    /a/,
    new Error('a'),
  ];
  for (const odd of odds) {
    const written = client.create({ kind: 'note', data: { deep: [{ odd: odd as never }] } });
    await expect(written).rejects.toMatchObject({ code: 'invalid', message: expect.stringMatching(/^JSON has no /) });
  }
  const at = new Date(0);
  class Point {
    constructor(readonly x: number) {}
    readonly move = (): number => this.x;
  }
  const odd = {
    at,
    none: undefined,
    point: new Point(1),
    bytes: new Uint8Array([1]),
    bare: Object.create(null) as object,
  };
  const { id } = await client.create({ kind: 'note', data: odd as never });
  expect((await client.get(id))!.data).toEqual({ at: at.toISOString(), point: { x: 1 }, bytes: { 0: 1 }, bare: {} });
  await client.close();
});

it('gives results that nobody can change by mistake', async () => {
  const client = createClient({ url: 'ws://test', store: memoryStore(), dial: new MemoryNetwork().dial });
  const { id } = await client.create({ kind: 'note', data: { list: [{ n: 1 }] } });
  await client.update(id, { more: { n: 2 } });
  const [listed] = await client.list();
  for (const atome of [listed, await client.get(id)]) {
    const { list, more } = atome!.data as { list: { n: number }[]; more: { n: number } };
    expect(() => (list[0]!.n = 3)).toThrow(TypeError);
    expect(() => list.push({ n: 2 })).toThrow(TypeError);
    expect(() => (more.n = 3)).toThrow(TypeError);
  }
  await client.close();
});

it('sends what it was given at the call, whatever becomes of that', async () => {
  const store = memoryStore();
  const client = createClient({ url: 'ws://test', store, dial: new MemoryNetwork().dial });
  const data = { n: 0, deep: { list: [] as number[] } };
  const written = [1, 2, 3].map((n) => {
    data.n = n;
    data.deep.list.push(n);
    return client.create({ kind: 'note', data });
  });
  data.n = NaN;
  await Promise.all(written);
  await client.close();
  const { outbox } = await store.open();
  expect(outbox.map((write) => write.data)).toEqual(
    [1, 2, 3].map((n) => ({ n, deep: { list: [1, 2, 3].slice(0, n) } })),
  );
});
