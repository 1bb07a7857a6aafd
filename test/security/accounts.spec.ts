import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tokenOf } from '../support/server/tokens.js';
import { login, PASSWORD, refresh, register, tokensOf, WITH_ACCOUNTS } from '../support/server/accounts.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { DATABASES, type Database } from '../support/databases/databases.js';

const OTHER = 'purple monkey dishwasher lamp';

describe.each(DATABASES)('accounts on %s', (_name, create) => {
  let database: Database;
  let server: TestApp;
  beforeEach(async () => {
    database = await create();
    server = await startApp({ ...WITH_ACCOUNTS, DATABASE_URL: database.url });
  });
  afterEach(async () => {
    await server.close();
    await database.drop();
  });

  const me = (token: string) => server.api.as(token).get('/api/auth/me');

  it('are made, used and deleted', async () => {
    const answer = await server.api.post('/api/auth/register', { identifier: 'Alice@Example.com', password: PASSWORD });
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([201, 'no-store']);
    const { account, accessToken, refreshToken } = tokensOf(answer);
    expect(account).toEqual({ id: expect.any(String), identifier: 'alice@example.com', createdAt: expect.any(String) });
    expect(refreshToken).toHaveLength(86);

    const alice = server.api.as(accessToken);
    const { id } = await alice.create({ title: 'mine' });
    expect((await me(accessToken)).body).toMatchObject({
      principal: { id: account.id, tenant: 'default', roles: ['writer'] },
      account,
    });
    expect((await alice.get(`/api/atome/${id as string}`)).body.atome).toMatchObject({ ownerId: account.id });

    const laptop = tokensOf(await login(server.api, ' ALICE@example.COM '));
    expect(laptop.account).toEqual(account);
    const renewed = tokensOf(await refresh(server.api, laptop));
    expect((await me(renewed.accessToken)).status).toBe(200);

    const change = { currentPassword: PASSWORD, newPassword: OTHER };
    expect((await server.api.as(renewed.accessToken).post('/api/auth/change-password', change)).status).toBe(200);
    expect([(await me(accessToken)).status, (await me(renewed.accessToken)).status]).toEqual([401, 200]);
    expect((await refresh(server.api, { refreshToken })).status).toBe(401);
    expect((await login(server.api, 'alice@example.com')).status).toBe(401);
    const again = tokensOf(await login(server.api, 'alice@example.com', OTHER));

    expect((await server.api.as(again.accessToken).post('/api/auth/logout')).body).toEqual({ success: true });
    expect([(await me(again.accessToken)).status, (await me(renewed.accessToken)).status]).toEqual([401, 200]);
    expect((await refresh(server.api, again)).status).toBe(401);

    const gone = await server.api.as(renewed.accessToken).delete('/api/auth/delete-account', { password: OTHER });
    expect(gone).toMatchObject({ status: 200, body: { success: true, id: account.id } });
    expect((await me(renewed.accessToken)).status).toBe(401);
    expect((await refresh(server.api, renewed)).status).toBe(401);
    expect((await login(server.api, 'alice@example.com', OTHER)).status).toBe(401);
    const { body } = await server.api.as(tokenOf('reader', { tenant: 'default' })).get(`/api/atome/${id as string}`);
    expect(body.atome).toMatchObject({ ownerId: account.id, data: { title: 'mine' } });

    const successor = await register(server.api, 'alice@example.com');
    expect(successor.account.id).not.toBe(account.id);
  });

  it('are one for a name, however it is written and however many come at once', async () => {
    const names = ['Bob', 'bob', 'BOB', 'ｂｏｂ', ' bob '];
    const answers = await Promise.all(
      names.map((identifier) => server.api.post('/api/auth/register', { identifier, password: PASSWORD })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    expect(answers.find(({ status }) => status === 409)!.body).toMatchObject({ code: 'exists' });
  });

  it('are ended by a refresh token that is used a second time', async () => {
    const first = await register(server.api);
    const other = tokensOf(await login(server.api));
    const second = tokensOf(await refresh(server.api, first));
    const third = tokensOf(await refresh(server.api, second));
    expect((await refresh(server.api, first)).body).toMatchObject({ status: 401, code: 'unauthenticated' });
    for (const { accessToken } of [first, second, third]) expect((await me(accessToken)).status).toBe(401);
    expect((await refresh(server.api, third)).status).toBe(401);
    expect((await me(other.accessToken)).status).toBe(200);
  });

  it('stay logged in when several windows refresh at the same moment', async () => {
    const first = await register(server.api);
    const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(server.api, first)));
    const tokens = new Set(answers.map((answer) => tokensOf(answer).refreshToken));
    expect(tokens.size).toBe(1);
    const [refreshToken] = tokens;
    const next = tokensOf(await refresh(server.api, { refreshToken: refreshToken! }));
    expect((await me(next.accessToken)).status).toBe(200);
  });

  it('end a session by its refresh token alone', async () => {
    const tokens = await register(server.api);
    const { refreshToken } = tokens;
    expect((await server.api.post('/api/auth/logout', { refreshToken })).status).toBe(200);
    expect((await me(tokens.accessToken)).status).toBe(401);
    expect((await server.api.post('/api/auth/logout', { refreshToken })).status).toBe(200);
    expect((await server.api.post('/api/auth/logout', {})).status).toBe(401);
  });

  it('make no session for a password that is changed at that moment', async () => {
    const { accessToken } = await register(server.api);
    const [change, ...logins] = await Promise.all([
      server.api.as(accessToken).post('/api/auth/change-password', { currentPassword: PASSWORD, newPassword: OTHER }),
      ...Array.from({ length: 8 }, () => login(server.api)),
    ]);
    expect(change.status).toBe(200);
    for (const answer of logins) {
      if (answer.status === 200) expect((await refresh(server.api, tokensOf(answer))).status).toBe(401);
      else expect(answer.status).toBe(401);
    }
  });

  it('answer a wrong password and an unknown account with the same', async () => {
    const { accessToken } = await register(server.api);
    const answers = [await login(server.api, 'alice', 'not the password'), await login(server.api, 'nobody', PASSWORD)];
    const [wrong, unknown] = answers.map(({ status, headers, text }) => {
      const { date, 'x-request-id': requestId, ...rest } = Object.fromEntries(headers);
      return { status, text: text.replace(requestId!, ''), rest };
    });
    expect(wrong).toEqual(unknown);
    expect(wrong!.status).toBe(401);
    const wish = { currentPassword: 'not the password', newPassword: OTHER };
    expect((await server.api.as(accessToken).post('/api/auth/change-password', wish)).status).toBe(401);
    expect((await server.api.as(accessToken).delete('/api/auth/delete-account', { password: OTHER })).status).toBe(401);
    expect((await me(accessToken)).status).toBe(200);
  });

  it('are not those of other tokens', async () => {
    const stranger = server.api.as(tokenOf('writer'));
    expect((await stranger.get('/api/auth/me')).body).toMatchObject({ principal: { id: 'writer' }, account: null });
    const change = { currentPassword: PASSWORD, newPassword: OTHER };
    expect((await stranger.post('/api/auth/change-password', change)).status).toBe(403);
    expect((await stranger.delete('/api/auth/delete-account', { password: PASSWORD })).status).toBe(403);
    expect((await stranger.post('/api/auth/logout')).status).toBe(401);
  });

  it('do not look at the token of who comes for another', async () => {
    const { refreshToken } = await register(server.api);
    const expired = server.api.as(tokenOf('writer', { exp: 1 }));
    expect((await refresh(expired, { refreshToken })).status).toBe(200);
    expect((await login(expired)).status).toBe(200);
  });
});

describe('accounts', () => {
  let server: TestApp | undefined;
  afterEach(() => server?.close());

  it.each([
    ['no body', undefined],
    ['no password', { identifier: 'alice' }],
    ['a short password', { identifier: 'alice', password: 'short' }],
    ['a long password', { identifier: 'alice', password: 'x'.repeat(1_025) }],
    ['a password of many bytes', { identifier: 'alice', password: '€'.repeat(400) }],
    ['half a character', { identifier: 'alice', password: `${PASSWORD}\ud800` }],
    ['a password that is no text', { identifier: 'alice', password: ['a'] }],
    ['a name that begins with a digit', { identifier: '1alice', password: PASSWORD }],
    ['a name with a NUL', { identifier: 'al\u0000ice', password: PASSWORD }],
    ['a long name', { identifier: 'a'.repeat(300), password: PASSWORD }],
    ['half an address', { identifier: 'alice@', password: PASSWORD }],
    ['a phone without a country', { identifier: '0612345678', password: PASSWORD }],
    ['a name that is no text', { identifier: { $ne: '' }, password: PASSWORD }],
    ['a role', { identifier: 'alice', password: PASSWORD, role: 'admin' }],
    ['an array', []],
    ['a text', 'text'],
  ])('are not made with %s', async (_what, body) => {
    server = await startApp(WITH_ACCOUNTS);
    const answer = await server.api.post('/api/auth/register', body);
    expect(answer.body).toMatchObject({ status: 400, success: false });
    expect(answer.text).not.toContain(PASSWORD);
  });

  it('can each be a tenant of their own', async () => {
    server = await startApp({ ...WITH_ACCOUNTS, ACCOUNTS_TENANCY: 'own', ACCOUNTS_ROLE: 'admin' });
    const [alice, bob] = [await register(server.api, 'alice'), await register(server.api, 'bob')];
    await server.api.as(alice.accessToken).create();
    const { api } = server;
    const lists = [alice, bob].map(({ accessToken }) => api.as(accessToken).get('/api/atome/list'));
    expect((await Promise.all(lists)).map(({ body }) => body.total)).toEqual([1, 0]);
  });

  it('are not there unless they are wanted', async () => {
    server = await startApp();
    const { api } = server;
    const call = (method: string, path: string) => api.call(method, `/api/auth/${path}`, {});
    const posts = ['register', 'login', 'refresh', 'logout', 'change-password'].map((path) => call('POST', path));
    const answers = await Promise.all([...posts, api.get('/api/auth/me'), call('DELETE', 'delete-account')]);
    expect(answers.map(({ status }) => status)).toEqual(Array(7).fill(404));
  });

  it('have tokens that name their session and are those of RFC 9068', async () => {
    server = await startApp({ ...WITH_ACCOUNTS, ACCESS_TOKEN_TTL: '60' });
    const { accessToken } = await register(server.api);
    const parts = accessToken.split('.').slice(0, 2);
    const [header, payload] = parts.map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as object);
    expect(header).toEqual({ alg: 'HS256', typ: 'at+jwt' });
    expect(payload).toMatchObject({ tenant: 'default', roles: ['writer'], sid: expect.any(String) });
    const { iat, exp } = payload as { iat: number; exp: number };
    expect(exp - iat).toBe(60);
  });
});
