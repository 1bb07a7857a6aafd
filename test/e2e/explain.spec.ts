import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ExplainAnswer, ClientsAnswer } from '../../src/realtime/answers.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import type { TestSocket } from '../support/clients/socket.js';

const admin = tokenOf('admin');
const ann = tokenOf('writer', { sub: 'ann', groups: ['staff'] });
const bob = tokenOf('writer', { sub: 'bob' });

let server: TestApp;
beforeAll(async () => {
  server = await startApp(WITH_TOKENS);
});
afterAll(() => server.close());

/** A connection that reads from a cursor on, and its name. */
async function reading(token: string, subscribe: object): Promise<{ socket: TestSocket; client: string }> {
  const socket = await server.connect({ authorization: `Bearer ${token}` });
  const { clientId } = await socket.next('welcome');
  socket.send({ type: 'subscribe', ...subscribe });
  await socket.next('sync:live');
  return { socket, client: clientId };
}

async function made(token: string, kind: string, more: object = {}): Promise<number> {
  const { seq } = await server.api.as(token).create({ size: 1 }, { kind, ...more });
  return seq as number;
}

async function explain(token: string, query: string): Promise<ExplainAnswer> {
  const { status, body } = await server.api.as(token).get(`/api/explain?${query}`);
  expect(status).toBe(200);
  return body as unknown as ExplainAnswer;
}

describe('what has become of an alteration', () => {
  it('was sent: in which frame, when, and by which right it was theirs', async () => {
    const { socket, client } = await reading(ann, { kinds: ['note'] });
    const seq = await made(bob, 'note');
    await socket.next('events', ({ to }) => to >= seq);
    const { right, entry, why, deliveries } = await explain(admin, `seq=${seq}&client=${client}`);
    expect(right).toEqual({ visibility: 'shown', by: 'tenant' });
    expect(entry).toMatchObject({ kind: 'note', author: 'bob', type: 'atome:created' });
    expect(why).toContain('They may read it');
    expect(deliveries).toEqual([
      expect.objectContaining({
        state: 'sent',
        notIn: [],
        frame: expect.objectContaining({ to: seq, isAcknowledged: false }),
        client: expect.objectContaining({ clientId: client, form: 'range', filter: { kinds: ['note'] }, cursor: seq }),
      }),
    ]);
    await socket.close();
  });

  it('was acknowledged once the client has answered to a ping behind it', async () => {
    const quick = await startApp({ HEARTBEAT_MS: '1000' });
    const socket = await quick.connect();
    const { clientId } = await socket.next('welcome');
    socket.send({ type: 'subscribe', since: 0 });
    await socket.next('sync:live');
    const { seq } = await quick.api.create();
    await socket.next('events', ({ to }) => to >= Number(seq));
    // a ping comes once the server knows that the last was answered
    await once(socket.ws, 'ping');
    await once(socket.ws, 'ping');
    const { body } = await quick.api.get(`/api/explain?seq=${String(seq)}&client=${clientId}`);
    const [delivery] = (body as unknown as ExplainAnswer).deliveries;
    expect(delivery).toMatchObject({ state: 'sent', frame: { isAcknowledged: true }, acknowledgedSeq: seq });
    await quick.close();
  });

  it('was not sent: what of the filter it is not in', async () => {
    const { socket, client } = await reading(ann, { kinds: ['note'], where: { 'data.size': { gte: 5 } } });
    const seq = await made(bob, 'task');
    const { deliveries } = await explain(admin, `seq=${seq}&client=${client}`);
    expect(deliveries).toEqual([
      expect.objectContaining({ state: 'filtered', notIn: ['kinds', 'where'], frame: null }),
    ]);
    await socket.close();
  });

  it('was not theirs to see, nor is it told to them', async () => {
    const { socket, client } = await reading(ann, {});
    const seq = await made(bob, 'note', { access: 'private' });
    const told = await explain(admin, `seq=${seq}&client=${client}`);
    expect(told.right).toEqual({ visibility: 'hidden', by: 'nobody' });
    expect(told.deliveries).toEqual([expect.objectContaining({ state: 'hidden', frame: null })]);
    const own = await explain(ann, `seq=${seq}`);
    expect({ entry: own.entry, right: own.right }).toEqual({
      entry: null,
      right: { visibility: 'hidden', by: 'nobody' },
    });
    expect(JSON.stringify(own)).not.toContain('bob');
    await socket.close();
  });

  it('is hidden in the same words, whatever it is hidden by', async () => {
    const hidden = await made(bob, 'note', { access: 'private' });
    const { id, seq: withheld } = await server.api.as(bob).create({ size: 1 }, { kind: 'note' });
    const shared = await server.api.as(bob).post(`/api/atome/${String(id)}/share`, { access: 'private' });
    expect(shared.status).toBe(200);
    const textOf = async (seq: number) => JSON.stringify({ ...(await explain(ann, `seq=${seq}`)), seq: 0 });
    expect(await textOf(Number(withheld))).toBe(await textOf(hidden));
    const left = await explain(ann, `seq=${String(shared.body.seq)}`);
    expect(left.right).toEqual({ visibility: 'left', by: 'nobody' });
    expect(left.entry).toEqual({ atomeId: id, kind: null, author: null, type: 'atome:left', timestamp: null });
  });

  it('was before the cursor, was written by a plain reader itself, or nothing was read', async () => {
    const seq = await made(bob, 'note');
    const { socket, client } = await reading(ann, { since: seq });
    expect((await explain(ann, `seq=${seq}&client=${client}`)).deliveries[0]!.state).toBe('before');
    socket.send({ type: 'unsubscribe' });
    socket.send({ type: 'ping' });
    await socket.next('pong');
    expect((await explain(ann, `seq=${seq}`)).deliveries[0]!.state).toBe('not_subscribed');
    await socket.close();

    const plain = await server.connect({ authorization: `Bearer ${bob}` });
    plain.send({ type: 'mutate', opId: 'own-1', operation: 'create', atomeId: 'own-1', kind: 'note', data: {} });
    const { seq: own } = (await plain.answer()) as { seq: number };
    expect((await explain(bob, `seq=${own}`)).deliveries[0]!.state).toBe('own');
    await plain.close();
  });

  it('is told of those who are not connected, and of what is not there yet', async () => {
    const seq = await made(ann, 'note', { access: { read: ['group:staff'], write: [] } });
    expect(await explain(admin, `seq=${seq}&principal=carol`)).toMatchObject({
      principal: { id: 'carol', isAssumed: true },
      right: { visibility: 'hidden', by: 'nobody' },
      deliveries: [],
    });
    expect((await explain(ann, `seq=${seq}`)).right).toEqual({ visibility: 'shown', by: 'owner' });
    expect(await explain(ann, `seq=${seq + 1000}`)).toMatchObject({ entry: null, right: null });
  });

  it('is told about others to admins of the tenant alone', async () => {
    const seq = await made(ann, 'note');
    const { socket, client } = await reading(ann, {});
    const statusOf = async (token: string, query: string) =>
      (await server.api.as(token).get(`/api/explain?seq=${seq}&${query}`)).status;
    expect(await statusOf(bob, 'principal=ann')).toBe(403);
    expect(await statusOf(bob, `client=${client}`)).toBe(404);
    expect(await statusOf(tokenOf('admin', { tenant: 'other' }), `client=${client}`)).toBe(404);
    expect(await statusOf(ann, `client=${client}`)).toBe(200);
    await socket.close();
  });
});

describe('who is connected', () => {
  it('is told page by page, each connection once, also while others go', async () => {
    const of = (role: 'admin' | 'writer') => tokenOf(role, { tenant: 'paged' });
    const page = async (query: string): Promise<ClientsAnswer> =>
      (await server.api.as(of('admin')).get(`/api/clients?${query}`)).body as unknown as ClientsAnswer;
    const here = await Promise.all(Array.from({ length: 5 }, () => reading(of('writer'), {})));
    const first = await page('limit=2');
    expect(first).toMatchObject({ total: 5, data: [{}, {}], nextCursor: expect.any(String) });
    const last = first.data[1]!.clientId;
    await server.api.as(of('admin')).delete(`/api/clients/${last}`);
    await here.find(({ client }) => client === last)!.socket.closed();
    const second = await page(`limit=2&cursor=${first.nextCursor!}`);
    const third = await page(`limit=2&cursor=${second.nextCursor!}`);
    const told = [first, second, third].flatMap(({ data }) => data);
    expect(told.map(({ clientId }) => clientId).sort()).toEqual(here.map(({ client }) => client).sort());
    expect(told.map(({ connectedAt }) => connectedAt)).toEqual(told.map(({ connectedAt }) => connectedAt).sort());
    expect(third.nextCursor).toBeNull();
    expect((await server.api.as(of('admin')).get('/api/clients?limit=501')).status).toBe(400);
    await Promise.all(here.map(({ socket }) => socket.close()));
  });

  it('is told with no more of a filter and of groups than a bound', async () => {
    const groups = Array.from({ length: 60 }, (_, at) => `group-${at}-${'x'.repeat(20)}`);
    const ids = Array.from({ length: 900 }, (_, at) => `atome-${at}-${'x'.repeat(80)}`);
    const where = { 'data.size': { in: Array.from({ length: 90 }, (_, at) => `value ${at} ${'x'.repeat(200)}`) } };
    const { socket, client } = await reading(tokenOf('writer', { sub: 'many', groups }), {
      kinds: ['note'],
      ids,
      where,
    });
    const { body } = await server.api.as(admin).get('/api/clients');
    const told = (body as unknown as ClientsAnswer).data.find(({ clientId }) => clientId === client)!;
    expect(told).toMatchObject({ filter: { kinds: ['note'] }, cut: ['groups', 'ids', 'where'] });
    expect(told.filter).not.toHaveProperty('where');
    expect(told.filter.ids).toEqual(ids.slice(0, told.filter.ids!.length));
    expect(JSON.stringify(told).length).toBeLessThan(4_000);
    const seq = await made(bob, 'note');
    expect(JSON.stringify(await explain(admin, `seq=${seq}&client=${client}`)).length).toBeLessThan(5_000);
    await socket.close();
  });

  it('is explained page by page, where somebody has many connections', async () => {
    const many = tokenOf('writer', { sub: 'with-many' });
    const here = await Promise.all(Array.from({ length: 3 }, () => reading(many, {})));
    const seq = await made(bob, 'note');
    const first = await explain(many, `seq=${seq}&limit=2`);
    const rest = await explain(many, `seq=${seq}&limit=2&cursor=${first.nextCursor!}`);
    expect(first.connections).toBe(3);
    expect(rest.nextCursor).toBeNull();
    const told = [first, rest].map(({ deliveries }) => deliveries.map(({ client }) => client.clientId));
    expect(told.map(({ length }) => length)).toEqual([2, 1]);
    expect(told.flat().sort()).toEqual(here.map(({ client }) => client).sort());
    await Promise.all(here.map(({ socket }) => socket.close()));
  });

  it('is listed to admins, who can end a connection', async () => {
    const { socket, client } = await reading(ann, { kinds: ['note'] });
    const list = async () =>
      ((await server.api.as(admin).get('/api/clients')).body as unknown as ClientsAnswer).data.map(
        ({ clientId }) => clientId,
      );
    expect(await list()).toContain(client);
    expect((await server.api.as(bob).get('/api/clients')).status).toBe(403);
    expect((await server.api.as(tokenOf('admin', { tenant: 'other' })).get('/api/clients')).body).toMatchObject({
      data: [],
    });
    const { status } = await server.api.as(admin).delete(`/api/clients/${client}`);
    expect(status).toBe(200);
    expect(await socket.closed()).toMatchObject({ code: 1012 });
    expect(await list()).not.toContain(client);
  });
});
