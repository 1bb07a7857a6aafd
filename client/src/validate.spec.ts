import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
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

it('keeps what was checked, as it was at the call', async () => {
  const [client] = await server.live(0, []);
  const checked = validated(client, { note: schema });
  const data: Record<string, unknown> = { n: 1 };
  const written = checked.create({ kind: 'note', data: data as never });
  data.n = 'x';
  await written;
  expect((await client.list()).map((each) => each.data)).toEqual([{ n: 1 }]);
  await expect(checked.create({ kind: 'note', data: { n: NaN } })).rejects.toMatchObject({ code: 'invalid' });
});

describe('what was refused by the server, and is sent again', () => {
  const error = { code: 'exists', message: 'it is there', status: 409, retryable: false };

  it('is refused where what it was changed to does not fit, and comes back where it does', async () => {
    const [client, peer] = await server.live(1, [note('a', { n: 1 })]);
    const checked = validated(client, { note: schema });
    const { opId } = await checked.create({ id: 'b', kind: 'note', data: { n: 1 } });
    const { opId: later } = await checked.update('a', { n: 2 });
    for (const each of [opId, later]) peer.send({ type: 'nack', opId: each, error });
    for (const wrong of [
      () => checked.retry(opId, { data: {} }),
      () => checked.retry(later, { changes: { n: null } }),
      () => checked.retry(later, { operation: 'patch', changes: { n: null } }),
      () => checked.retry(later, { operation: 'replace', data: {} }),
    ])
      await expect(wrong()).rejects.toMatchObject({ code: 'invalid', cause: [{ path: ['n'] }] });
    expect(client.status()).toMatchObject({ pending: 0, rejected: 2 });
    await checked.retry(opId, { atomeId: 'c' });
    await checked.retry(later, { changes: { n: 3 } });
    expect(client.status()).toMatchObject({ pending: 2, rejected: 0 });
    await expect(checked.retry('unknown')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('stays where what comes back with it does not fit what it was changed to', async () => {
    const [client, peer] = await server.live(0, []);
    const atMost = {
      '~standard': {
        validate: (value: unknown) => {
          const { n, max } = value as { n: number; max: number };
          return n > max ? { issues: [{ message: 'less' }] } : { value };
        },
      },
    };
    const checked = validated(client, { note: atMost });
    const { opId } = await checked.create({ id: 'b', kind: 'note', data: { n: 1, max: 9 } });
    await checked.update('b', { n: 5 });
    await checked.create({ kind: 'note', data: { n: 1, max: 2 }, parentId: 'b' });
    peer.send({ type: 'nack', opId, error });
    expect(client.status()).toMatchObject({ pending: 0, rejected: 3 });
    await expect(checked.retry(opId, { atomeId: 'c', data: { n: 1, max: 4 } })).rejects.toMatchObject({
      code: 'invalid',
    });
    expect(client.status()).toMatchObject({ pending: 0, rejected: 3 });
    await checked.retry(opId, { atomeId: 'c', data: { n: 1, max: 5 } });
    expect(client.status()).toMatchObject({ pending: 3, rejected: 0 });
    expect(await checked.get('c')).toMatchObject({ data: { n: 5, max: 5 } });
  });
});
