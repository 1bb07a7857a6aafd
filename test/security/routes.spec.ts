import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Rule } from '../../src/auth/authorization/access.guard.js';
import { inSeconds, tokenOf } from '../support/server/tokens.js';
import { WITH_ACCOUNTS } from '../support/server/accounts.js';
import type { Answer, Api } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { Issuer } from '../support/server/issuer.js';
import { routesOf, type Route } from '../support/server/routes.js';

interface Call {
  readonly rule: Rule;
  /** What it needs where the atome is another's; as `rule` where it is not said. */
  readonly ofOthers?: Rule;
  readonly body?: object;
  /** Status for whoever may; 200 where it is not said. */
  readonly good?: number;
  /** Status for whoever may, but in another tenant, where the atome is not. */
  readonly foreign?: number;
}

const ONE = { foreign: 404 };
const LOGIN = { identifier: 'nobody', password: 'not the password' };
/** Every call, and what it needs. A new one must be written down here. */
const CALLS: Record<string, Call> = {
  'POST /atome/create': { rule: 'write', body: { kind: 'note', data: {} }, good: 201, foreign: 201 },
  'POST /atome/batch': { rule: 'write', body: { operation: 'delete', ids: [] } },
  'GET /atome/list': { rule: 'read' },
  'GET /atome/:id': { rule: 'read', ...ONE },
  'POST /atome/:id/alter': { rule: 'write', body: { operation: 'update', changes: { a: 2 } }, ...ONE },
  'PUT /atome/:id': { rule: 'write', body: { data: { a: 2 } }, ...ONE },
  'PATCH /atome/:id': { rule: 'write', body: { a: 2 }, ...ONE },
  'POST /atome/:id/rename': { rule: 'write', body: { newName: 'b' }, ...ONE },
  'DELETE /atome/:id': { rule: 'write', ...ONE },
  'GET /atome/:id/history': { rule: 'read', ...ONE },
  'POST /atome/:id/restore': { rule: 'write', body: { version: 1 }, ...ONE },
  'POST /atome/:id/share': { rule: 'write', ofOthers: 'administer', body: { access: 'private' }, ...ONE },
  'POST /atome/:id/erase': { rule: 'write', ofOthers: 'administer', ...ONE },
  'GET /audit': { rule: 'administer' },
  'GET /clients': { rule: 'administer' },
  'DELETE /clients/:clientId': { rule: 'administer', good: 404 },
  // without a parameter
  'GET /explain': { rule: 'read', good: 400 },
  'GET /consumers': { rule: 'administer' },
  'GET /consumers/:name/dead-letters': { rule: 'administer', good: 404 },
  'POST /consumers/:name/retry': { rule: 'administer', good: 404 },
  'POST /consumers/:name/skip': { rule: 'administer', good: 404 },
  'GET /webhooks': { rule: 'administer' },
  'POST /webhooks': {
    rule: 'administer',
    body: { url: 'https://receiver.example/', enabled: false },
    good: 201,
  },
  // none of these ids is that of a webhook
  'GET /webhooks/:id': { rule: 'administer', good: 404 },
  'PATCH /webhooks/:id': { rule: 'administer', body: { enabled: false }, good: 404 },
  'DELETE /webhooks/:id': { rule: 'administer', good: 404 },
  'POST /webhooks/:id/rotate-secret': { rule: 'administer', good: 404 },
  'POST /webhooks/:id/test': { rule: 'administer', good: 404 },
  'GET /webhooks/:id/deliveries': { rule: 'administer', good: 404 },
  'POST /webhooks/:id/replay': { rule: 'administer', body: { after: 0 }, good: 404 },
  'GET /user-data/export': { rule: 'read' },
  'DELETE /user-data/delete-all': { rule: 'write', body: { confirm: true } },
  'GET /sync/changes': { rule: 'read' },
  'GET /sync/snapshot': { rule: 'read' },
  'POST /sync/push': { rule: 'write', body: { operations: [] } },
  'GET /sync/edge': { rule: 'read', good: 404 },
  'GET /sync/pull': { rule: 'read' },
  'GET /atome/sync/pull': { rule: 'read' },
  'POST /sync/ack': { rule: 'read', body: { ids: [] } },
  'POST /auth/ticket': { rule: 'read' },
  'POST /auth/register': { rule: 'open', body: { ...LOGIN, identifier: '' }, good: 400 },
  'POST /auth/login': { rule: 'open', body: { ...LOGIN, identifier: '' }, good: 400 },
  'POST /auth/refresh': { rule: 'open', body: { refreshToken: '' }, good: 400 },
  'POST /auth/logout': { rule: 'public', body: { refreshToken: 'x'.repeat(86) } },
  'POST /auth/change-password': {
    rule: 'read',
    body: { currentPassword: LOGIN.password, newPassword: LOGIN.password },
    good: 403,
  },
  'GET /auth/me': { rule: 'read' },
  'DELETE /auth/delete-account': { rule: 'read', body: { password: LOGIN.password }, good: 403 },
  'GET /server-info': { rule: 'public' },
  'GET /schema': { rule: 'read' },
};
/** For those who watch the process, and know nobody. */
const OPEN = ['GET /health', 'GET /health/live', 'GET /health/ready'];

const NOBODY: Record<string, Record<string, string>> = {
  'no token': {},
  garbage: { authorization: 'Bearer garbage' },
  'another scheme': { authorization: 'Basic YWxpY2U6c2VjcmV0' },
  'an empty token': { authorization: 'Bearer ' },
  'an expired token': { authorization: `Bearer ${tokenOf('admin', { exp: inSeconds(-60) })}` },
  'a token of somebody else': { authorization: `Bearer ${Issuer.withSecret('x'.repeat(32)).token()}` },
};
/** Which rules each caller satisfies. */
const CALLERS: Record<string, { readonly token: string; readonly may: readonly Rule[] }> = {
  'no role': { token: tokenOf('nobody', { roles: [] }), may: ['open', 'public'] },
  'a role of others': { token: tokenOf('owner'), may: ['open', 'public'] },
  'a reader': { token: tokenOf('reader'), may: ['open', 'public', 'read'] },
  'a writer': { token: tokenOf('writer'), may: ['open', 'public', 'read', 'write'] },
  'an admin': { token: tokenOf('admin'), may: ['open', 'public', 'read', 'write', 'administer'] },
};

describe('every call', () => {
  let server: TestApp;
  let routes: Route[];
  let admin: Api;
  beforeAll(async () => {
    server = await startApp(WITH_ACCOUNTS);
    routes = routesOf(server.app);
    admin = server.api.as(tokenOf('admin'));
  });
  afterAll(() => server.close());

  const make = async (name: string, headers: Record<string, string>, id: string): Promise<Answer> => {
    const [method, path] = name.split(' ') as [string, string];
    const type = method === 'PATCH' && { 'content-type': 'application/merge-patch+json' };
    return server.api.call(method, `/api${path.replace(':id', id)}`, CALLS[name]!.body, { ...type, ...headers });
  };
  const note = async (): Promise<string> => {
    const id = randomUUID();
    await admin.create({ a: 1 }, { id });
    return id;
  };
  const head = async (): Promise<unknown> => (await admin.get('/api/server-info')).body.seq;

  it('is in the table', () => {
    expect(routes.map(({ name }) => name).sort()).toEqual([...Object.keys(CALLS), ...OPEN].sort());
  });

  it('is guarded and declares what it needs, but for health', () => {
    const guarded = routes.filter(({ name }) => !OPEN.includes(name));
    expect(guarded).toEqual(
      guarded.map(({ name }) => ({ name, isGuarded: true, rule: CALLS[name]?.rule ?? 'one of the rules' })),
    );
  });

  describe.each(Object.entries(CALLS))('%s', (name, { rule, ofOthers = rule, good = 200, foreign = good }) => {
    it.each(Object.entries(NOBODY))('with %s', async (how, headers) => {
      const [id, before] = [await note(), await head()];
      const answer = await make(name, headers, id);
      if (rule === 'open') return expect(answer.status).toBe(good);
      if (rule === 'public' && how === 'no token') return expect(answer.body).not.toHaveProperty('seq');
      expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 401, code: 'unauthenticated' });
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm=/);
      expect(await head()).toBe(before);
    });

    it.each(Object.entries(CALLERS))('by %s', async (_who, { token, may }) => {
      const [id, before] = [await note(), await head()];
      const { status, headers, body } = await make(name, { authorization: `Bearer ${token}` }, id);
      expect(headers.get('www-authenticate')).toBeNull();
      if (may.includes(ofOthers)) return expect(status).toBe(good);
      expect({ status, code: body.code }).toEqual({ status: 403, code: 'forbidden' });
      expect(await head()).toBe(before);
    });

    // the atome is private: its owner may do everything with it, and for others it is not there
    it.each([
      ['its owner', 'reader'],
      ['its owner', 'writer'],
      ['a stranger', 'reader'],
      ['a stranger', 'writer'],
    ])('on a private atome by %s, a %s', async (who, role) => {
      const { may } = CALLERS[`a ${role}`]!;
      const id = randomUUID();
      await server.api.as(tokenOf('writer', { sub: 'owner' })).create({ a: 1 }, { id, access: 'private' });
      const before = await head();
      const sub = who === 'its owner' ? 'owner' : 'stranger';
      const { status, text } = await make(name, { authorization: `Bearer ${tokenOf(role, { sub })}` }, id);
      const isOne = name.includes(':id');
      if (!may.includes(rule)) return expect(status).toBe(403);
      if (sub === 'owner') return expect(status).toBe(good);
      expect(status).toBe(isOne ? 404 : good);
      expect(isOne || !text.includes(id)).toBe(true);
      if (isOne) expect(await head()).toBe(before);
    });

    it('by an admin of another tenant', async () => {
      const [id, before] = [await note(), await head()];
      const { status, text } = await make(
        name,
        { authorization: `Bearer ${tokenOf('admin', { tenant: 'other' })}` },
        id,
      );
      expect(status).toBe(foreign);
      expect(status === 404 || !text.includes(id)).toBe(true);
      expect(await head()).toBe(before);
    });
  });

  it.each(OPEN)('%s is open to everybody', async (name) => {
    expect((await server.api.get(name.split(' ')[1]!)).status).toBe(200);
  });

  it.each([
    '/api/atome/LIST',
    '/api//atome/list',
    '/api/atome/list/',
    '/api/atome/%6cist',
    '/api/atome/list;x',
    '/API/atome/list',
  ])('gives nothing away at %s', async (path) => {
    const { status } = await server.api.get(path);
    expect([401, 404]).toContain(status);
  });

  it('asks for a token also with HEAD, and whatever the headers say of the method', async () => {
    expect((await fetch(`${server.url}/api/atome/list`, { method: 'HEAD' })).status).toBe(401);
    const reader = server.api.as(tokenOf('reader'));
    const overridden = { 'x-http-method-override': 'GET', 'x-method-override': 'GET' };
    expect(await reader.post('/api/atome/create', { kind: 'note', data: {} }, overridden)).toMatchObject({
      status: 403,
    });
  });

  it('shows in the documentation that it takes a token', async () => {
    const { body } = await server.api.get('/api/openapi.json');
    expect(body).toMatchObject({ components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } } });
    const paths = body.paths as Record<string, Record<string, { security?: unknown; responses: object }>>;
    for (const [name, { rule }] of Object.entries(CALLS)) {
      const [method, path] = name.replace(/:(\w+)/g, '{$1}').split(' ') as [string, string];
      const { security, responses } = paths[`/api${path}`]![method.toLowerCase()]!;
      const schemes = (security as object[] | undefined)?.map((each) => Object.keys(each).join());
      const isAsked = rule !== 'open';
      expect({ name, isToken: schemes?.[0] === 'bearer', isOptional: schemes?.includes('') === true }).toEqual({
        name,
        isToken: isAsked,
        isOptional: rule === 'public',
      });
      if (isAsked) expect({ name, ...responses }).toMatchObject({ 401: {}, ...(rule !== 'public' && { 403: {} }) });
    }
  });
});
