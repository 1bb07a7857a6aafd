import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Atome } from '../../../src/protocol/index.js';
import { startApp, type TestApp } from '../../support/server/app.js';
import type { TestSocket } from '../../support/clients/socket.js';

/* A client as the original system has it: REST for the write, then its event over the socket; no `subscribe`. */

describe('the original client', () => {
  let server: TestApp;
  let mine: TestSocket;
  let other: TestSocket;
  let clientId: string;
  beforeEach(async () => {
    server = await startApp();
    [mine, other] = [await server.connect(), await server.connect()];
    ({ clientId } = await mine.next('welcome'));
    await other.next('welcome');
  });
  afterEach(() => server.close());

  const headers = () => ({ 'x-client-id': clientId, authorization: 'Bearer secret' });
  const head = async (): Promise<unknown> => (await server.api.get('/api/server-info')).body.seq;
  const atome = async (id: string): Promise<Atome> => (await server.api.get(`/api/atome/${id}`)).body.atome as Atome;

  async function create(id: string): Promise<Atome> {
    const { body } = await server.api.post('/api/atome/create', { id, kind: 'note', data: { n: 0 } }, headers());
    return body.atome as Atome;
  }

  it('is welcomed, authenticates with a bearer token, and pings', async () => {
    mine.send({ type: 'auth', token: 'secret', userAgent: 'original/1.0' });
    expect(await mine.next('auth:success')).toEqual({
      type: 'auth:success',
      clientId,
      principal: { id: expect.any(String), tenant: 'default', roles: expect.any(Array) },
      expiresAt: null,
      epoch: expect.any(String),
      seq: 0,
    });
    mine.send({ type: 'ping', timestamp: new Date().toISOString() });
    expect(await mine.next('pong')).toEqual({ type: 'pong', timestamp: expect.any(String) });
  });

  it('writes by REST, sends the event after it, and makes one alteration of each', async () => {
    const created = await create('a1');
    const timestamp = new Date().toISOString();
    mine.send({ type: 'atome:created', atome: created, sourceClient: clientId, timestamp });

    const { body: updated } = await server.api.put('/api/atome/a1', { data: { n: 1 } }, headers());
    mine.send({ type: 'atome:updated', atome: updated.atome, sourceClient: clientId, timestamp });

    const alter = { operation: 'update', changes: { n: 2 } };
    const { body: altered } = await server.api.post('/api/atome/a1/alter', alter, headers());
    mine.send({
      type: 'atome:altered',
      atomeId: 'a1',
      alteration: altered.alteration,
      atome: altered.atome,
      timestamp,
    });

    await server.api.delete('/api/atome/a1', undefined, headers());
    mine.send({ type: 'atome:deleted', atomeId: 'a1', sourceClient: clientId, timestamp });

    await mine.settled();
    expect(await head()).toBe(4);
    expect(mine.all('error')).toEqual([]);
    await other.next('atome:deleted');
    const events = other.received.filter(({ type }) => type.startsWith('atome:'));
    expect(events).toMatchObject([
      { type: 'atome:created', seq: 1, sourceClient: clientId },
      { type: 'atome:updated', seq: 2 },
      { type: 'atome:altered', seq: 3 },
      { type: 'atome:deleted', seq: 4 },
    ]);
    expect(mine.received.filter(({ type }) => type.startsWith('atome:'))).toEqual([]);
  });

  it.each<[event: string, write: () => Promise<unknown>, echo: (answer: never) => object]>([
    ['atome:created', () => create('a1'), (created: Atome) => ({ atome: created })],
    [
      'atome:updated',
      async () => {
        await create('a1');
        return (await server.api.put('/api/atome/a1', { data: { mine: 1 } })).body;
      },
      (answer: { atome: Atome }) => ({ atome: answer.atome }),
    ],
    ...(['update', 'patch', 'tag', 'rename'] as const).map(
      (operation): [string, () => Promise<unknown>, (answer: never) => object] => [
        'atome:altered',
        async () => {
          await create('a1');
          const changes = { update: { n: 1 }, patch: { n: 1 }, tag: { tags: ['t'] }, rename: { name: 'N' } }[operation];
          return (await server.api.post('/api/atome/a1/alter', { operation, changes })).body;
        },
        ({ alteration, atome }: { alteration: object; atome: Atome }) => ({ atomeId: 'a1', alteration, atome }),
      ],
    ),
    [
      'atome:altered',
      async () => {
        await create('a1');
        const change = { operation: 'update', changes: { n: 1 } };
        return { ...(await server.api.post('/api/atome/a1/alter', change)).body, change };
      },
      // the alteration as it was asked for, with the state as it was answered
      ({ change, atome }: { change: object; atome: Atome }) => ({ atomeId: 'a1', alteration: change, atome }),
    ],
    [
      'atome:altered',
      async () => {
        await create('a1');
        return (await server.api.patch('/api/atome/a1', { n: 5 })).body;
      },
      // the state alone, as one knows it after the call
      ({ atome }: { atome: Atome }) => ({ atomeId: 'a1', atome }),
    ],
    [
      'atome:altered',
      async () => {
        await create('a1');
        await server.api.put('/api/atome/a1', { data: { n: 7 } });
        return (await server.api.post('/api/atome/a1/restore', { version: 1 })).body;
      },
      ({ atome }: { atome: Atome }) => ({ atomeId: 'a1', atome }),
    ],
  ])('may echo %s late: another altered in between, and nothing is undone', async (type, write, echo) => {
    const answer = await write();
    await server.api.patch('/api/atome/a1', { n: 'theirs', name: 'theirs' });
    const before = await atome('a1');
    mine.send({ type, ...echo(answer as never), sourceClient: clientId });
    await mine.settled();
    expect(mine.all('error')).toEqual([]);
    expect(await atome('a1')).toEqual(before);
  });

  it('may echo atome:deleted late: another has restored it, and it stays', async () => {
    await create('a1');
    const { version } = (await server.api.delete('/api/atome/a1', undefined, headers())).body;
    await server.api.post('/api/atome/a1/restore', { version: 1 });
    mine.send({ type: 'atome:deleted', atomeId: 'a1', version });
    await mine.settled();
    expect(await atome('a1')).toMatchObject({ version: 3, deletedAt: null });
  });

  const stamps = () => ({ deviceId: 'phone-1', timestamp: new Date().toISOString() });

  /* What the call says, what another does then, and what the announcement behind it says. */
  const LATE: readonly (readonly [string, () => Promise<unknown>, () => Promise<unknown>, () => object])[] = [
    [
      'a rename',
      () => server.api.post('/api/atome/a1/rename', { newName: 'mine' }, headers()),
      () => server.api.post('/api/atome/a1/rename', { newName: 'theirs' }),
      () => ({ type: 'atome:altered', alteration: { operation: 'rename', newName: 'mine' } }),
    ],
    [
      'a rename whose announcement is stamped',
      () => server.api.post('/api/atome/a1/rename', { newName: 'mine', ...stamps() }, headers()),
      () => server.api.post('/api/atome/a1/rename', { newName: 'theirs' }),
      () => ({ type: 'atome:altered', alteration: { operation: 'rename', newName: 'mine', ...stamps() } }),
    ],
    [
      'a rename through a client of another name',
      () => server.api.post('/api/atome/a1/rename', { newName: 'mine' }, { 'x-client-id': 'phone-1' }),
      () => server.api.post('/api/atome/a1/rename', { newName: 'theirs' }),
      () => ({ type: 'atome:altered', alteration: { operation: 'rename', newName: 'mine' } }),
    ],
    [
      'an update',
      () => server.api.post('/api/atome/a1/alter', { operation: 'update', changes: { n: 'mine' } }, headers()),
      () => server.api.patch('/api/atome/a1', { n: 'theirs' }),
      () => ({ type: 'atome:altered', alteration: { operation: 'update', changes: { n: 'mine' } } }),
    ],
    [
      'an update that the call has stamped',
      () =>
        server.api.post(
          '/api/atome/a1/alter',
          { operation: 'update', changes: { n: 'mine' }, ...stamps() },
          { 'x-client-id': 'phone-1' },
        ),
      () => server.api.patch('/api/atome/a1', { n: 'theirs' }),
      () => ({ type: 'atome:altered', alteration: { operation: 'update', changes: { n: 'mine' } } }),
    ],
    [
      'a deletion',
      () => server.api.delete('/api/atome/a1', undefined, headers()),
      () => server.api.post('/api/atome/a1/restore', { version: 1 }),
      () => ({ type: 'atome:deleted' }),
    ],
    [
      'a deletion with stamps',
      () => server.api.delete('/api/atome/a1', stamps(), headers()),
      () => server.api.post('/api/atome/a1/restore', { version: 1 }),
      () => ({ type: 'atome:deleted', ...stamps() }),
    ],
    [
      'a replacement',
      () => server.api.put('/api/atome/a1', { data: { n: 'mine' } }, headers()),
      () => server.api.put('/api/atome/a1', { data: { n: 'theirs' } }),
      () => ({ type: 'atome:updated', atome: { data: { n: 'mine' } } }),
    ],
    [
      'a restoring',
      () => server.api.post('/api/atome/a1/restore', { version: 1 }, headers()),
      () => server.api.patch('/api/atome/a1', { n: 'theirs' }),
      () => ({ type: 'atome:altered', alteration: { operation: 'restore', changes: { version: 1 } } }),
    ],
  ];

  it.each(LATE)('announces late %s that names its client: what another did meanwhile stays', async (...late) => {
    const [, call, meanwhile, announcement] = late;
    await create('a1');
    await server.api.patch('/api/atome/a1', { before: true });
    await call();
    await meanwhile();
    const before = await atome('a1');
    mine.send({ atomeId: 'a1', ...announcement() });
    await mine.settled();
    expect([mine.all('error'), mine.all('nack')]).toEqual([[], []]);
    expect(await atome('a1')).toEqual(before);
  });

  it('may say the same again by the event alone, after another has altered it: each is kept', async () => {
    await create('a1');
    const event = { type: 'atome:altered', atomeId: 'a1', alteration: { operation: 'rename', newName: 'mine' } };
    for (const version of [2, 4]) {
      mine.send(event);
      await mine.settled();
      expect(await atome('a1')).toMatchObject({ version, data: { name: 'mine' } });
      await server.api.post('/api/atome/a1/rename', { newName: 'theirs' }, { 'x-client-id': 'theirs' });
    }
  });

  it('announces a call once: the same event again is another write', async () => {
    await create('a1');
    const event = { type: 'atome:altered', atomeId: 'a1', alteration: { operation: 'rename', newName: 'mine' } };
    await server.api.post('/api/atome/a1/rename', { newName: 'mine' }, headers());
    await server.api.post('/api/atome/a1/rename', { newName: 'theirs' });
    mine.send(event);
    mine.send(event);
    await mine.settled();
    expect(await atome('a1')).toMatchObject({ version: 4, data: { name: 'mine' } });
  });

  it('may name its write by device and time, in the call and in the echo', async () => {
    await create('a1');
    const name = { deviceId: 'phone-1', timestamp: '2026-01-31T12:00:00.000Z' };
    const change = { operation: 'update', changes: { n: 1 }, ...name };
    await server.api.post('/api/atome/a1/alter', change, headers());
    await server.api.patch('/api/atome/a1', { n: 2 });
    mine.send({ type: 'atome:altered', atomeId: 'a1', alteration: change });
    expect(await mine.next('ack')).toMatchObject({ version: 2, duplicate: true });
    expect(await atome('a1')).toMatchObject({ version: 3, data: { n: 2 } });
  });

  it('may alter twice in one millisecond, and each is kept once', async () => {
    await create('a1');
    const name = { deviceId: 'phone-1', timestamp: 1_700_000_000_000 };
    const changes = [
      { operation: 'update', changes: { n: 1 }, ...name },
      { operation: 'update', changes: { m: 1 }, ...name },
      { operation: 'rename', changes: { name: 'x' }, ...name },
    ];
    for (const change of [...changes, ...changes]) {
      expect((await server.api.post('/api/atome/a1/alter', change)).status).toBe(200);
    }
    for (const alteration of changes) mine.send({ type: 'atome:altered', atomeId: 'a1', alteration });
    await mine.settled();
    expect(mine.all('nack')).toEqual([]);
    expect(await atome('a1')).toMatchObject({ version: 4, data: { n: 1, m: 1, name: 'x' } });
  });

  it('may send the event alone: it is kept, and told to all others', async () => {
    const sent = { id: 'a1', kind: 'note', data: { n: 1 } };
    mine.send({ type: 'atome:created', atome: sent });
    expect(await other.next('atome:created')).toMatchObject({ seq: 1, atome: { ...sent, version: 1 } });
    mine.send({ type: 'atome:updated', atomeId: 'a1', atome: { ...sent, data: { n: 2 } } });
    expect(await other.next('atome:updated')).toMatchObject({ seq: 2, atome: { data: { n: 2 }, version: 2 } });
    mine.send({ type: 'atome:altered', atomeId: 'a1', alteration: { operation: 'update', changes: { m: 3 } } });
    expect(await other.next('atome:altered')).toMatchObject({ seq: 3, atome: { data: { n: 2, m: 3 } } });
    mine.send({ type: 'atome:deleted', atomeId: 'a1' });
    expect(await other.next('atome:deleted')).toMatchObject({ seq: 4, atomeId: 'a1', sourceClient: clientId });
    await mine.settled();
    expect(mine.received.map(({ type }) => type)).toEqual(['welcome', 'pong']);
    expect((await server.api.get('/api/atome/a1/history')).body.total).toBe(4);
  });

  it('that edited the version it has, and says so, is not taken for an echo', async () => {
    const created = await create('a1');
    mine.send({ type: 'atome:updated', atome: { ...created, data: { n: 'edited' } } });
    expect(await other.next('atome:updated')).toMatchObject({ atome: { version: 2, data: { n: 'edited' } } });
  });

  it('is told what is wrong with an event, and stays connected', async () => {
    mine.send({ type: 'atome:created', atome: { id: 'a1' } });
    expect(await mine.next('error')).toMatchObject({ code: 'invalid', message: expect.stringContaining('kind') });
    mine.send({ type: 'atome:altered', atomeId: 'nobody', alteration: { operation: 'update', changes: { a: 1 } } });
    expect(await mine.next('error')).toMatchObject({ code: 'not_found' });
    await mine.settled();
  });
});
