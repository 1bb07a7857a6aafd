import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { note, ScriptedServer } from '../../test/support/clients/scripted-server.js';
import { validated } from './validate.js';

let server: ScriptedServer;
beforeEach(() => void (server = new ScriptedServer()));
afterEach(() => server.close());

/** Asks for a number `n`, by the interface that libraries of schemas share. */
const schema = {
  '~standard': {
    validate: (value: unknown) =>
      typeof (value as { n?: unknown }).n === 'number'
        ? { value }
        : { issues: [{ message: 'expected a number', path: ['n'] }] },
  },
};

it('refuses what does not fit its kind before anything is kept, and lets pass what does', async () => {
  const [client, peer] = await server.live(1, [note('a', { n: 1 })]);
  const checked = validated(client, { note: schema });
  const wrong = [
    () => checked.create({ kind: 'note', data: {} }),
    () => checked.update('a', { n: 'x' }),
    () => checked.patch('a', { n: null }),
    () => checked.replace('a', { data: { m: 1 } }),
  ];
  for (const write of wrong)
    await expect(write()).rejects.toMatchObject({ code: 'invalid', message: 'this is no note: n: expected a number' });
  expect(client.status().pending).toBe(0);
  await checked.update('a', { m: 1 });
  await checked.rename('a', 'A');
  await checked.replace('a', { type: 'memo' });
  await checked.create({ kind: 'constructor', data: {} });
  await checked.update('elsewhere', {});
  expect(peer.take()).toHaveLength(5);
  expect(checked.status().pending).toBe(5);
});

it('keeps the order of what is written without awaiting, checked or not', async () => {
  const [client, peer] = await server.live(0, []);
  const checked = validated(client, { note: schema });
  const written = [
    checked.create({ id: 'b', kind: 'note', data: { n: 1 } }),
    checked.tag('b', ['new']),
    checked.update('b', { n: 2 }),
    checked.update('b', { n: 'x' }),
    checked.delete('b'),
  ];
  const settled = await Promise.allSettled(written);
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  const pending = await client.pending();
  expect(pending.map(({ operation }) => operation.operation)).toEqual(['create', 'tag', 'update', 'delete']);
  expect(peer.take().length).toBeGreaterThan(0);
});
