import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OriginalPair } from '../../support/clients/original-pair.js';

describe('the original client', () => {
  let pair: OriginalPair;
  beforeEach(async () => {
    pair = await OriginalPair.start();
  });
  afterEach(() => pair.server.close());

  it('is welcomed, authenticates with a bearer token, and pings', async () => {
    pair.mine.send({ type: 'auth', token: 'secret', userAgent: 'original/1.0' });
    expect(await pair.mine.next('auth:success')).toEqual({
      type: 'auth:success',
      clientId: pair.clientId,
      principal: { id: expect.any(String), tenant: 'default', roles: expect.any(Array) },
      expiresAt: null,
      epoch: expect.any(String),
      seq: 0,
    });
    pair.mine.send({ type: 'ping', timestamp: new Date().toISOString() });
    expect(await pair.mine.next('pong')).toEqual({ type: 'pong', timestamp: expect.any(String) });
  });

  it('writes by REST, sends the event after it, and makes one alteration of each', async () => {
    const created = await pair.create('a1');
    const timestamp = new Date().toISOString();
    pair.mine.send({ type: 'atome:created', atome: created, sourceClient: pair.clientId, timestamp });

    const { body: updated } = await pair.server.api.put('/api/atome/a1', { data: { n: 1 } }, pair.headers());
    pair.mine.send({ type: 'atome:updated', atome: updated.atome, sourceClient: pair.clientId, timestamp });

    const alter = { operation: 'update', changes: { n: 2 } };
    const { body: altered } = await pair.server.api.post('/api/atome/a1/alter', alter, pair.headers());
    pair.mine.send({
      type: 'atome:altered',
      atomeId: 'a1',
      alteration: altered.alteration,
      atome: altered.atome,
      timestamp,
    });

    await pair.server.api.delete('/api/atome/a1', undefined, pair.headers());
    pair.mine.send({ type: 'atome:deleted', atomeId: 'a1', sourceClient: pair.clientId, timestamp });

    await pair.mine.settled();
    expect(await pair.head()).toBe(4);
    expect(pair.mine.all('error')).toEqual([]);
    await pair.other.next('atome:deleted');
    const events = pair.other.received.filter(({ type }) => type.startsWith('atome:'));
    expect(events).toMatchObject([
      { type: 'atome:created', seq: 1, sourceClient: pair.clientId },
      { type: 'atome:updated', seq: 2 },
      { type: 'atome:altered', seq: 3 },
      { type: 'atome:deleted', seq: 4 },
    ]);
    expect(pair.mine.received.filter(({ type }) => type.startsWith('atome:'))).toEqual([]);
  });

  it('may say the same again by the event alone, after another has altered it: each is kept', async () => {
    await pair.create('a1');
    const event = { type: 'atome:altered', atomeId: 'a1', alteration: { operation: 'rename', newName: 'mine' } };
    for (const version of [2, 4]) {
      pair.mine.send(event);
      await pair.mine.settled();
      expect(await pair.atome('a1')).toMatchObject({ version, data: { name: 'mine' } });
      await pair.server.api.post('/api/atome/a1/rename', { newName: 'theirs' }, { 'x-client-id': 'theirs' });
    }
  });

  it('may alter twice in one millisecond, and each is kept once', async () => {
    await pair.create('a1');
    const name = { deviceId: 'phone-1', timestamp: 1_700_000_000_000 };
    const changes = [
      { operation: 'update', changes: { n: 1 }, ...name },
      { operation: 'update', changes: { m: 1 }, ...name },
      { operation: 'rename', changes: { name: 'x' }, ...name },
    ];
    for (const change of [...changes, ...changes]) {
      expect((await pair.server.api.post('/api/atome/a1/alter', change)).status).toBe(200);
    }
    for (const alteration of changes) pair.mine.send({ type: 'atome:altered', atomeId: 'a1', alteration });
    await pair.mine.settled();
    expect(pair.mine.all('nack')).toEqual([]);
    expect(await pair.atome('a1')).toMatchObject({ version: 4, data: { n: 1, m: 1, name: 'x' } });
  });

  it('may send the event alone: it is kept, and told to all others', async () => {
    const sent = { id: 'a1', kind: 'note', data: { n: 1 } };
    pair.mine.send({ type: 'atome:created', atome: sent });
    expect(await pair.other.next('atome:created')).toMatchObject({ seq: 1, atome: { ...sent, version: 1 } });
    pair.mine.send({ type: 'atome:updated', atomeId: 'a1', atome: { ...sent, data: { n: 2 } } });
    expect(await pair.other.next('atome:updated')).toMatchObject({ seq: 2, atome: { data: { n: 2 }, version: 2 } });
    pair.mine.send({ type: 'atome:altered', atomeId: 'a1', alteration: { operation: 'update', changes: { m: 3 } } });
    expect(await pair.other.next('atome:altered')).toMatchObject({ seq: 3, atome: { data: { n: 2, m: 3 } } });
    pair.mine.send({ type: 'atome:deleted', atomeId: 'a1' });
    expect(await pair.other.next('atome:deleted')).toMatchObject({
      seq: 4,
      atomeId: 'a1',
      sourceClient: pair.clientId,
    });
    await pair.mine.settled();
    expect(pair.mine.received.map(({ type }) => type)).toEqual(['welcome', 'pong']);
    expect((await pair.server.api.get('/api/atome/a1/history')).body.total).toBe(4);
  });

  it('that edited the version it has, and says so, is not taken for an echo', async () => {
    const created = await pair.create('a1');
    pair.mine.send({ type: 'atome:updated', atome: { ...created, data: { n: 'edited' } } });
    expect(await pair.other.next('atome:updated')).toMatchObject({ atome: { version: 2, data: { n: 'edited' } } });
  });

  it('is told what is wrong with an event, and stays connected', async () => {
    pair.mine.send({ type: 'atome:created', atome: { id: 'a1' } });
    expect(await pair.mine.next('error')).toMatchObject({ code: 'invalid', message: expect.stringContaining('kind') });
    pair.mine.send({
      type: 'atome:altered',
      atomeId: 'nobody',
      alteration: { operation: 'update', changes: { a: 1 } },
    });
    expect(await pair.mine.next('error')).toMatchObject({ code: 'not_found' });
    await pair.mine.settled();
  });
});
