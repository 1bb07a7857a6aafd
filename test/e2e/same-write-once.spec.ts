import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import type { Alteration } from '../../src/protocol/index.js';
import type { TestApp } from '../support/server/app.js';
import { DATABASES } from '../support/databases/databases.js';
import { startOn } from '../support/server/server-on.js';
import type { TestSocket } from '../support/clients/socket.js';

const CHANGES = { title: 'changed' };
const UPDATE = { operation: 'update', changes: CHANGES };

/** One way to send the same write: what it is told, as seq and version. */
type Send = (opId: string, changes?: object) => Promise<{ seq?: unknown; version?: unknown; refused?: unknown }>;

describe.each(DATABASES)('the same write is written once, on %s', (_database, create) => {
  let server: TestApp;
  let socket: TestSocket;
  beforeEach(async () => {
    server = await startOn(create);
    socket = await server.connect();
    await server.api.create({ title: 'first' }, { id: 'a1' });
  });
  afterEach(() => server.close());

  const rest: Send = async (opId, changes = CHANGES) => {
    const body = { operation: 'update', changes };
    const answer = await server.api.post('/api/atome/a1/alter', body, { 'idempotency-key': opId });
    return { seq: answer.body.seq, version: answer.body.version, refused: answer.body.code };
  };
  const push: Send = async (opId, changes = CHANGES) => {
    const operations = [{ opId, operation: 'update', atomeId: 'a1', changes }];
    const { results } = (await server.api.post('/api/sync/push', { operations })).body;
    const [{ seq, version, error }] = results as [{ seq: number; version: number; error?: { code: string } }];
    return { seq, version, refused: error?.code };
  };
  /** Answers with equal opIds cannot be told apart, so each has a socket of its own. */
  const webSocket: Send = async (opId, changes = CHANGES) => {
    const own = await server.connect();
    own.send({ type: 'mutate', opId, operation: 'update', atomeId: 'a1', changes });
    const answer = await own.answer();
    if (answer.type === 'nack') return { refused: answer.error.code };
    return { seq: answer.seq, version: answer.version };
  };

  async function alterations(): Promise<Alteration[]> {
    return (await server.api.get('/api/atome/a1/history')).body.alterations as Alteration[];
  }

  it('but not under an id of its own that is another', async () => {
    const key = { 'idempotency-key': 'op-create' };
    const create = (id?: string) => server.api.post('/api/atome/create', { id, kind: 'note', data: {} }, key);
    expect((await create('b1')).status).toBe(201);
    expect((await create('b1')).status).toBe(201);
    expect((await create('b2')).body.code).toBe('op_reused');
    expect((await create()).body.id).toBe('b1');
  });

  it.each([
    ['REST', 2, [rest]],
    ['REST', 5, [rest]],
    ['WebSocket', 2, [webSocket]],
    ['WebSocket', 5, [webSocket]],
    ['push', 5, [push]],
    ['all entry points', 6, [rest, webSocket, push]],
  ])('over %s, %i times at once', async (_name, times, senders: Send[]) => {
    const answers = await Promise.all(Array.from({ length: times }, (_, i) => senders[i % senders.length]!('op-1')));
    expect(answers).toEqual(Array(times).fill({ seq: 2, version: 2 }));
    expect(await alterations()).toHaveLength(2);
  });

  it('on one socket, and in one push', async () => {
    const write = { opId: 'op-1', operation: 'update', atomeId: 'a1', changes: CHANGES };
    for (let i = 0; i < 5; i += 1) socket.send({ type: 'mutate', ...write });
    await socket.next('ack', () => socket.all('ack').length === 5);
    const acks = socket.all('ack');
    expect(acks.map(({ seq, duplicate }) => [seq, duplicate])).toEqual([[2, undefined], ...Array(4).fill([2, true])]);
    await server.api.post('/api/sync/push', { operations: Array(5).fill(write) });
    expect(await alterations()).toHaveLength(2);
  });

  it('and is told to readers once', async () => {
    await Promise.all([rest('op-1'), webSocket('op-1'), push('op-1')]);
    await server.api.create({}, { id: 'a2' });
    await socket.next('atome:created', ({ seq }) => seq === 3);
    expect(socket.all('atome:altered').map(({ seq }) => seq)).toEqual([2]);
  });

  it('though others wrote in between', async () => {
    const first = await rest('op-1');
    await push('op-2', { title: 'another' });
    for (const send of [rest, webSocket, push]) expect(await send('op-1')).toEqual(first);
    expect(await alterations()).toHaveLength(3);
    expect((await server.api.get('/api/atome/a1')).body.atome).toMatchObject({ data: { title: 'another' } });
  });

  it('also a create whose id the server makes', async () => {
    const body = { kind: 'note', data: { n: 1 } };
    const post = () => server.api.post('/api/atome/create', body, { 'idempotency-key': 'op-1' });
    const answers = await Promise.all([post(), post(), post()]);
    expect(new Set(answers.map(({ body: { id } }) => id)).size).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
  });

  it('also a delete, a rename and a restore', async () => {
    const headers = (opId: string) => ({ 'idempotency-key': opId });
    for (const repeat of [
      () => server.api.post('/api/atome/a1/rename', { newName: 'x' }, headers('op-1')),
      () => server.api.delete('/api/atome/a1', undefined, headers('op-2')),
      () => server.api.post('/api/atome/a1/restore', { version: 1 }, headers('op-3')),
      () => server.api.put('/api/atome/a1', { data: {} }, headers('op-4')),
      () => server.api.patch('/api/atome/a1', { n: 1 }, undefined, headers('op-5')),
    ]) {
      const [one, other] = await Promise.all([repeat(), repeat()]);
      expect(other).toMatchObject({ status: 200, body: one.body });
    }
    expect(await alterations()).toHaveLength(6);
  });

  it('after a REST call whose answer never came', async () => {
    const body = JSON.stringify(UPDATE);
    const lost = connect(Number(new URL(server.url).port), '127.0.0.1');
    lost.end(
      `POST /api/atome/a1/alter HTTP/1.1\r\nHost: x\r\nIdempotency-Key: op-1\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      () => lost.destroy(),
    );
    // the other socket sees it happen
    await Promise.race([socket.next('atome:altered'), once(lost, 'close')]);
    for (const send of [rest, webSocket, push]) expect(await send('op-1')).toMatchObject({ seq: 2, version: 2 });
    expect(await alterations()).toHaveLength(2);
  });

  it('after a message whose ack never came', async () => {
    const lost = new WebSocket(server.wsUrl);
    await once(lost, 'open');
    lost.send(JSON.stringify({ type: 'mutate', opId: 'op-1', operation: 'update', atomeId: 'a1', changes: CHANGES }));
    await socket.next('atome:altered');
    lost.terminate();
    for (const send of [webSocket, push, rest]) expect(await send('op-1')).toMatchObject({ seq: 2, version: 2 });
    expect(await alterations()).toHaveLength(2);
  });

  it('and another write under its name is refused, at every entry point', async () => {
    await rest('op-1');
    for (const send of [rest, webSocket, push]) {
      expect(await send('op-1', { title: 'something else' })).toMatchObject({ refused: 'op_reused' });
    }
    const headers = { 'idempotency-key': 'op-1' };
    expect(await server.api.delete('/api/atome/a1', undefined, headers)).toMatchObject({ status: 409 });
    expect(await server.api.post('/api/atome/create', { kind: 'n', data: {} }, headers)).toMatchObject({ status: 409 });
    expect(await alterations()).toHaveLength(2);
  });
});
