import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PushRate } from './push-rate.js';

describe('the rate of pushes', () => {
  let server: FastifyInstance;
  let now: number;
  beforeEach(() => {
    now = 1_000_000;
    server = fastify();
    new PushRate({
      perSecond: 100,
      burst: 200,
      callerOf: ({ headers }) => String(headers.from),
      refuse: (waitMs) => Object.assign(new Error(String(waitMs)), { statusCode: 429 }),
      now: () => now,
    }).attach(server);
    for (const path of ['/api/sync/push', '/api/atome/batch', '/api/atome/create'])
      server.post(path, () => ({ success: true }));
  });
  afterEach(() => server.close());

  async function push(writes: number, from = 'a', field = 'operations', url = '/api/sync/push'): Promise<number> {
    const payload = { [field]: Array.from({ length: writes }, () => ({})) };
    return (await server.inject({ method: 'POST', url, headers: { from }, payload })).statusCode;
  }

  it('is counted in writes, for each caller, and is paid with time', async () => {
    expect(await push(150)).toBe(200);
    expect(await push(100)).toBe(429);
    expect(await push(150, 'b')).toBe(200);
    now += 500;
    expect(await push(100)).toBe(200);
    expect(await push(2)).toBe(429);
  });

  it('is the same for what the original client carries over', async () => {
    expect(await push(200, 'a', 'atomes')).toBe(200);
    expect(await push(10, 'a', 'atomes')).toBe(429);
  });

  it('takes as many as may come at once, also of those that the call itself refuses', async () => {
    expect(await push(5_000)).toBe(200);
    expect(await push(2)).toBe(429);
  });

  it('is that of batches, too, by what they say that they are about', async () => {
    const batch = async (payload: object): Promise<number> =>
      (await server.inject({ method: 'POST', url: '/api/atome/batch', headers: { from: 'a' }, payload })).statusCode;
    expect(await push(120, 'a', 'ids', '/api/atome/batch')).toBe(200);
    expect(await push(50, 'a', 'atomes', '/api/atome/batch')).toBe(200);
    expect(await batch({ kind: 'note', limit: 50 })).toBe(429);
    expect(await batch({ kind: 'note', limit: 30 })).toBe(200);
    now += 60_000;
    expect(await batch({ kind: 'note' })).toBe(200);
    expect(await batch({ kind: 'note', limit: 2 })).toBe(429);
  });

  it('says when it is worth trying again', async () => {
    await push(200);
    const payload = { operations: [{}, {}] };
    const answer = await server.inject({ method: 'POST', url: '/api/sync/push', headers: { from: 'a' }, payload });
    expect(answer.json()).toMatchObject({ message: '20' });
  });

  it('is not that of other calls', async () => {
    for (let times = 0; times < 3; times += 1)
      expect(await push(200, 'a', 'operations', '/api/atome/create')).toBe(200);
  });
});
