import { ForbiddenException, UnauthorizedException } from '@nestjs/common';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AtomeService, SYSTEM, type AtomeOptions, type AuthenticateHook, type Principal } from '../../src/index.js';
import { FOREIGN } from '../support/clients/visitor.js';
import { TestSocket } from '../support/clients/socket.js';
import { startEmbedded, type EmbeddedApp } from '../support/embedded.js';
import { SECRET, tokenOf } from '../support/server/tokens.js';

const jwt = { keys: { secret: SECRET }, tenantClaim: 'tenant', rolesClaim: 'roles' };
const person = (id: string, role = 'writer'): Principal => ({ id, tenant: 'acme', roles: [role] });
const cookie = (value: string): Record<string, string> => ({ cookie: `session=${value}` });

/** An application with sessions of its own, and all that can go wrong with one. */
const authenticate: AuthenticateHook = async ({ headers }) => {
  await Promise.resolve();
  const [, session] = /session=(\w+)/.exec(headers.cookie ?? '') ?? [];
  if (session === 'ann') return person('ann');
  if (session === 'rita') return person('rita', 'reader');
  if (session === 'short') return { principal: person('ann'), expiresAt: Date.now() + 100 };
  if (session === 'unknown') throw new UnauthorizedException();
  if (session === 'banned') throw new ForbiddenException();
  if (session === 'broken') throw new Error('the sessions are not there');
  if (session === 'half') return { id: 'ann' } as Principal;
  if (session === 'text') return 'ann' as never;
  return undefined;
};

let server: EmbeddedApp;
const start = async (options: AtomeOptions = {}): Promise<void> => {
  server = await startEmbedded({ authenticate, ...options });
};
afterEach(() => server.close());

const create = (headers: Record<string, string>, id: string) =>
  server.api.post('/v1/atome/create', { id, kind: 'note', data: {} }, headers);

describe('an application that says who calls', () => {
  it('is asked at each of the doors, and its word is who wrote', async () => {
    await start();
    expect(await create(cookie('ann'), 'a')).toMatchObject({ status: 201, body: { atome: { ownerId: 'ann' } } });
    const operation = { opId: '1', operation: 'create', atomeId: 'b', kind: 'note', data: {} };
    const pushed = await server.api.post('/v1/sync/push', { operations: [operation] }, cookie('ann'));
    expect(pushed.body.results).toMatchObject([{ type: 'ack', seq: 2 }]);
    const socket = await TestSocket.connect(server.wsUrl, cookie('ann'));
    await socket.next('welcome');
    socket.send({ type: 'mutate', ...operation, opId: '2', atomeId: 'c' });
    expect(await socket.next('ack')).toMatchObject({ seq: 3 });
    await socket.close();
    const changes = await server.api.get('/v1/sync/changes', cookie('rita'));
    expect(changes.body.events).toMatchObject(['a', 'b', 'c'].map((id) => ({ atome: { id, ownerId: 'ann' } })));
    const stream = await fetch(`${server.url}/v1/sync/changes`, {
      headers: { accept: 'text/event-stream', ...cookie('rita') },
    });
    expect(stream.status).toBe(200);
    await stream.body!.cancel();
  });

  it('gives roles that are kept to', async () => {
    await start();
    expect((await create(cookie('rita'), 'a')).status).toBe(403);
  });

  it.each([
    ['nobody', 401],
    ['unknown', 401],
    ['banned', 403],
    ['broken', 500],
    ['half', 500],
    ['text', 500],
  ])('does not let in: %s', async (session, status) => {
    await start();
    expect((await create(cookie(session), 'a')).status).toBe(status);
    expect((await server.api.get('/v1/atome/list', cookie(session))).status).toBe(status);
    expect((await server.api.get('/v1/sync/changes', cookie(session))).status).toBe(status);
    const socket = await TestSocket.connect(server.wsUrl, cookie(session));
    socket.send({ type: 'mutate', opId: '1', operation: 'create', atomeId: 'a', kind: 'note', data: {} });
    const isOpen = session === 'nobody';
    if (isOpen) expect(await socket.next('nack')).toMatchObject({ error: { code: 'unauthenticated' } });
    else expect((await socket.closed()).code).toBeGreaterThanOrEqual(1_000);
    await socket.close();
    expect(await server.app.get(AtomeService).count(QUERY, SYSTEM_OF_ACME)).toBe(0);
  });

  it('ends a connection when it said so', async () => {
    await start();
    const socket = await TestSocket.connect(server.wsUrl, cookie('short'));
    await socket.next('welcome');
    expect(await socket.closed()).toMatchObject({ code: 4401 });
  });

  it('takes no token in its place where there is no jwt', async () => {
    await start();
    expect((await server.api.as(tokenOf('writer')).get('/v1/atome/list')).status).toBe(401);
  });

  it('stands beside tokens', async () => {
    await start({ jwt });
    expect((await create(cookie('ann'), 'a')).status).toBe(201);
    expect((await server.api.as(tokenOf('writer')).get('/v1/atome/list')).status).toBe(200);
    expect((await server.api.get('/v1/atome/list')).status).toBe(401);
  });

  it.each([{}, { jwt }])('keeps pages of other origins out, whose visitors have cookies: %j', async (options) => {
    await start(options);
    expect((await create({ ...cookie('ann'), origin: FOREIGN }, 'a')).status).toBe(403);
    expect((await create({ ...cookie('ann'), 'sec-fetch-site': 'cross-site' }, 'a')).status).toBe(403);
    const form = { ...cookie('ann'), 'content-type': 'text/plain' };
    expect((await server.api.post('/v1/auth/ticket', undefined, form)).status).toBe(403);
    // and answers under each of its names, which no page elsewhere can use without its cookies
    expect((await server.api.get('/v1/atome/list', { ...cookie('ann') })).status).toBe(200);
  });

  it('does not start with origins of everybody', async () => {
    await start();
    await expect(startEmbedded({ authenticate, jwt, allowedOrigins: ['*'] })).rejects.toThrow('needs jwt');
  });
});

describe("an application's own code", () => {
  it.each([{ jwt }, { authenticate }])('has to say who acts where callers are told apart', async (options) => {
    server = await startEmbedded(options);
    const atomes = server.app.get(AtomeService);
    const unauthenticated = { code: 'unauthenticated' };
    await expect(atomes.create({ kind: 'note', data: {} })).rejects.toMatchObject(unauthenticated);
    await expect(atomes.get('a')).rejects.toMatchObject(unauthenticated);
    await expect(atomes.list(QUERY)).rejects.toMatchObject(unauthenticated);
    const created = await atomes.create({ id: 'a', kind: 'note', data: {} }, { principal: SYSTEM });
    expect(created.atome.ownerId).toBe('system');
    expect(await atomes.get('a', undefined, SYSTEM)).toMatchObject({ id: 'a' });
  });
});

const QUERY = { limit: 10, offset: 0, sortBy: 'id', sortOrder: 'asc', includeDeleted: false } as const;
const SYSTEM_OF_ACME: Principal = { ...SYSTEM, tenant: 'acme' };
