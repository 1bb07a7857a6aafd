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
