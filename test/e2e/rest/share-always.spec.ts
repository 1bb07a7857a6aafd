import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EventEmitter } from 'node:events';
import { HeavyCalls } from '../../../src/http/heavy-calls.js';
import { startApp, type TestApp } from '../../support/server/app.js';

describe('a share while others have all heavy calls', () => {
  let server: TestApp;
  beforeEach(async () => {
    server = await startApp({ HEAVY_CALLS: '1' });
    await server.api.create({}, { id: 'a1' });
    const other = { raw: { socket: new EventEmitter() } } as unknown as FastifyRequest;
    const answer = Object.assign(new EventEmitter(), { setTimeout: () => undefined });
    server.app.get(HeavyCalls, { strict: false }).hold(other, { raw: answer } as unknown as FastifyReply);
  });
  afterEach(() => server.close());

  it('waits when it gives rights, and takes them away at once', async () => {
    expect((await server.api.post('/api/atome/a1/share', { access: 'tenant' })).status).toBe(503);
    expect((await server.api.post('/api/atome/a1/share', { access: 'private' })).status).toBe(200);
  });
});
