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
