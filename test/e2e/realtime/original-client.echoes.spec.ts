import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Atome } from '../../../src/protocol/index.js';
import { OriginalPair } from '../../support/clients/original-pair.js';

describe('the original client', () => {
  let pair: OriginalPair;
  beforeEach(async () => {
    pair = await OriginalPair.start();
  });
  afterEach(() => pair.server.close());

  it.each<[event: string, write: () => Promise<unknown>, echo: (answer: never) => object]>([
    ['atome:created', () => pair.create('a1'), (created: Atome) => ({ atome: created })],
    [
      'atome:updated',
      async () => {
        await pair.create('a1');
        return (await pair.server.api.put('/api/atome/a1', { data: { mine: 1 } })).body;
      },
      (answer: { atome: Atome }) => ({ atome: answer.atome }),
    ],
    ...(['update', 'patch', 'tag', 'rename'] as const).map(
      (operation): [string, () => Promise<unknown>, (answer: never) => object] => [
        'atome:altered',
        async () => {
          await pair.create('a1');
          const changes = { update: { n: 1 }, patch: { n: 1 }, tag: { tags: ['t'] }, rename: { name: 'N' } }[operation];
          return (await pair.server.api.post('/api/atome/a1/alter', { operation, changes })).body;
        },
        ({ alteration, atome }: { alteration: object; atome: Atome }) => ({ atomeId: 'a1', alteration, atome }),
      ],
    ),
    [
      'atome:altered',
      async () => {
        await pair.create('a1');
        const change = { operation: 'update', changes: { n: 1 } };
        return { ...(await pair.server.api.post('/api/atome/a1/alter', change)).body, change };
      },
      // the alteration as it was asked for, with the state as it was answered
      ({ change, atome }: { change: object; atome: Atome }) => ({ atomeId: 'a1', alteration: change, atome }),
    ],
    [
      'atome:altered',
      async () => {
        await pair.create('a1');
        return (await pair.server.api.patch('/api/atome/a1', { n: 5 })).body;
      },
      // the state alone, as one knows it after the call
      ({ atome }: { atome: Atome }) => ({ atomeId: 'a1', atome }),
    ],
    [
      'atome:altered',
      async () => {
        await pair.create('a1');
        await pair.server.api.put('/api/atome/a1', { data: { n: 7 } });
        return (await pair.server.api.post('/api/atome/a1/restore', { version: 1 })).body;
      },
      ({ atome }: { atome: Atome }) => ({ atomeId: 'a1', atome }),
    ],
  ])('may echo %s late: another altered in between, and nothing is undone', async (type, write, echo) => {
    const answer = await write();
    await pair.server.api.patch('/api/atome/a1', { n: 'theirs', name: 'theirs' });
    const before = await pair.atome('a1');
    pair.mine.send({ type, ...echo(answer as never), sourceClient: pair.clientId });
    await pair.mine.settled();
    expect(pair.mine.all('error')).toEqual([]);
    expect(await pair.atome('a1')).toEqual(before);
  });

  it('may echo atome:deleted late: another has restored it, and it stays', async () => {
    await pair.create('a1');
    const { version } = (await pair.server.api.delete('/api/atome/a1', undefined, pair.headers())).body;
    await pair.server.api.post('/api/atome/a1/restore', { version: 1 });
    pair.mine.send({ type: 'atome:deleted', atomeId: 'a1', version });
    await pair.mine.settled();
    expect(await pair.atome('a1')).toMatchObject({ version: 3, deletedAt: null });
  });

  const stamps = () => ({ deviceId: 'phone-1', timestamp: new Date().toISOString() });

  /* What the call says, what another does then, and what the announcement behind it says. */
  const LATE: readonly (readonly [string, () => Promise<unknown>, () => Promise<unknown>, () => object])[] = [
    [
      'a rename',
      () => pair.server.api.post('/api/atome/a1/rename', { newName: 'mine' }, pair.headers()),
      () => pair.server.api.post('/api/atome/a1/rename', { newName: 'theirs' }),
      () => ({ type: 'atome:altered', alteration: { operation: 'rename', newName: 'mine' } }),
    ],
    [
      'a rename whose announcement is stamped',
      () => pair.server.api.post('/api/atome/a1/rename', { newName: 'mine', ...stamps() }, pair.headers()),
      () => pair.server.api.post('/api/atome/a1/rename', { newName: 'theirs' }),
      () => ({ type: 'atome:altered', alteration: { operation: 'rename', newName: 'mine', ...stamps() } }),
    ],
    [
      'a rename through a client of another name',
      () => pair.server.api.post('/api/atome/a1/rename', { newName: 'mine' }, { 'x-client-id': 'phone-1' }),
      () => pair.server.api.post('/api/atome/a1/rename', { newName: 'theirs' }),
      () => ({ type: 'atome:altered', alteration: { operation: 'rename', newName: 'mine' } }),
    ],
    [
      'an update',
      () =>
        pair.server.api.post('/api/atome/a1/alter', { operation: 'update', changes: { n: 'mine' } }, pair.headers()),
      () => pair.server.api.patch('/api/atome/a1', { n: 'theirs' }),
      () => ({ type: 'atome:altered', alteration: { operation: 'update', changes: { n: 'mine' } } }),
    ],
    [
      'an update that the call has stamped',
      () =>
        pair.server.api.post(
          '/api/atome/a1/alter',
          { operation: 'update', changes: { n: 'mine' }, ...stamps() },
          { 'x-client-id': 'phone-1' },
        ),
      () => pair.server.api.patch('/api/atome/a1', { n: 'theirs' }),
      () => ({ type: 'atome:altered', alteration: { operation: 'update', changes: { n: 'mine' } } }),
    ],
    [
      'a deletion',
      () => pair.server.api.delete('/api/atome/a1', undefined, pair.headers()),
      () => pair.server.api.post('/api/atome/a1/restore', { version: 1 }),
      () => ({ type: 'atome:deleted' }),
    ],
    [
      'a deletion with stamps',
      () => pair.server.api.delete('/api/atome/a1', stamps(), pair.headers()),
      () => pair.server.api.post('/api/atome/a1/restore', { version: 1 }),
      () => ({ type: 'atome:deleted', ...stamps() }),
    ],
    [
      'a replacement',
      () => pair.server.api.put('/api/atome/a1', { data: { n: 'mine' } }, pair.headers()),
      () => pair.server.api.put('/api/atome/a1', { data: { n: 'theirs' } }),
      () => ({ type: 'atome:updated', atome: { data: { n: 'mine' } } }),
    ],
    [
      'a restoring',
      () => pair.server.api.post('/api/atome/a1/restore', { version: 1 }, pair.headers()),
      () => pair.server.api.patch('/api/atome/a1', { n: 'theirs' }),
      () => ({ type: 'atome:altered', alteration: { operation: 'restore', changes: { version: 1 } } }),
    ],
  ];

  it.each(LATE)('announces late %s that names its client: what another did meanwhile stays', async (...late) => {
    const [, call, meanwhile, announcement] = late;
    await pair.create('a1');
    await pair.server.api.patch('/api/atome/a1', { before: true });
    await call();
    await meanwhile();
    const before = await pair.atome('a1');
    pair.mine.send({ atomeId: 'a1', ...announcement() });
    await pair.mine.settled();
    expect([pair.mine.all('error'), pair.mine.all('nack')]).toEqual([[], []]);
    expect(await pair.atome('a1')).toEqual(before);
  });

  it('announces a call once: the same event again is another write', async () => {
    await pair.create('a1');
    const event = { type: 'atome:altered', atomeId: 'a1', alteration: { operation: 'rename', newName: 'mine' } };
    await pair.server.api.post('/api/atome/a1/rename', { newName: 'mine' }, pair.headers());
    await pair.server.api.post('/api/atome/a1/rename', { newName: 'theirs' });
    pair.mine.send(event);
    pair.mine.send(event);
    await pair.mine.settled();
    expect(await pair.atome('a1')).toMatchObject({ version: 4, data: { name: 'mine' } });
  });

  it('may name its write by device and time, in the call and in the echo', async () => {
    await pair.create('a1');
    const name = { deviceId: 'phone-1', timestamp: '2026-01-31T12:00:00.000Z' };
    const change = { operation: 'update', changes: { n: 1 }, ...name };
    await pair.server.api.post('/api/atome/a1/alter', change, pair.headers());
    await pair.server.api.patch('/api/atome/a1', { n: 2 });
    pair.mine.send({ type: 'atome:altered', atomeId: 'a1', alteration: change });
    expect(await pair.mine.next('ack')).toMatchObject({ version: 2, duplicate: true });
    expect(await pair.atome('a1')).toMatchObject({ version: 3, data: { n: 2 } });
  });
});
