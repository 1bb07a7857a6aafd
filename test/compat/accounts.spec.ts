import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, register, WITH_ACCOUNTS } from '../support/server/accounts.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { OriginalAdapter, OriginalClient } from '../support/original-client.js';

describe.each(DATABASES)('the original client with accounts, on %s', (_database, create) => {
  let database: Database;
  let server: TestApp;
  let client: OriginalAdapter;
  beforeEach(async () => {
    database = await create();
    server = await startApp({ ...WITH_ACCOUNTS, DATABASE_URL: database.url });
    client = new OriginalAdapter(server.url);
  });
  afterEach(async () => {
    await server.close();
    await database.drop();
  });

  const login = (body: object, path = '/api/auth/login') => client.call('POST', path, body, true);
  const note = { kind: 'note', data: { n: 1 }, logicalClock: 1, deviceId: 'd' };

  it('logs in by username or phone, and goes on with the token, by REST and over the socket', async () => {
    const { account } = await register(server.api, 'alice');
    await register(server.api, '+33 6 12 34 56 78');
    expect(await login({ phone: '33612345678', password: PASSWORD })).toMatchObject({
      success: true,
      token: expect.any(String),
      user: { username: '+33612345678' },
    });
    for (const path of ['/api/auth/login', '/api/auth/local/login']) {
      const told = await login({ username: 'alice', password: PASSWORD }, path);
      expect(told).toMatchObject({ success: true, user: { id: account.id, username: 'alice' } });
    }
    expect(await client.call('POST', '/api/atome/create', note)).toMatchObject({ status: 201 });
    expect(await client.call('GET', '/api/auth/local/me')).toMatchObject({
      account: { identifier: 'alice' },
      user: { id: account.id, username: 'alice' },
    });
    const { socket } = await OriginalClient.connect(server.url, server.wsUrl, client.token);
    expect(socket.all('error')).toEqual([]);
    await socket.close();
  });

  it('makes an account by phone', async () => {
    const made = await login({ phone: '33612345679', username: 'bob', password: PASSWORD }, '/api/auth/register');
    expect(made).toMatchObject({ status: 201, token: expect.any(String), user: { username: '+33612345679' } });
  });

  it('gives no token for a wrong password, and the words of the server to those who speak them', async () => {
    await register(server.api, 'alice');
    expect(await login({ username: 'alice', password: 'not the password' })).toMatchObject({ status: 401 });
    expect(await login({ username: 'alice', password: PASSWORD, admin: true })).toMatchObject({ status: 400 });
    const own = await login({ identifier: 'alice', password: PASSWORD });
    expect(own).toMatchObject({ accessToken: expect.any(String) });
    expect(own).not.toHaveProperty('token');
  });

  it('exports its data as one JSON value', async () => {
    await register(server.api, 'alice');
    await login({ username: 'alice', password: PASSWORD });
    for (const id of ['a', 'b']) await client.call('POST', '/api/atome/create', { ...note, id });
    await client.call('POST', '/api/atome/create', { ...note, id: 'c', kind: 'task' });
    await client.call('PUT', '/api/atome/b', { n: 2 });
    const changed = [{ operation: 'create' }, { operation: 'update', changes: { n: 2 } }];
    const all = [
      { id: 'a', data: { n: 1 }, alterations: [{ operation: 'create' }] },
      { id: 'b', data: { n: 2 }, alterations: changed },
      { id: 'c', kind: 'task' },
    ];
    for (const query of ['', '?format=json']) {
      const told = await client.call('GET', `/api/user-data/export${query}`);
      expect(told).toMatchObject({ success: true, data: all, authored: [] });
    }
    expect(await client.call('GET', '/api/user-data/export?kinds=task,other')).toMatchObject({
      data: [{ id: 'c', alterations: [{}] }],
    });
    expect(await client.call('GET', '/api/user-data/export?format=zip')).toMatchObject({ status: 400 });
    const accepted = await server.api.as(client.token!).get('/api/user-data/export', { accept: 'application/json' });
    expect(accepted.body).toMatchObject({ data: all });
    const lines = await server.api.as(client.token!).get('/api/user-data/export');
    expect(lines.headers.get('content-type')).toContain('ndjson');
  });

  it('deletes all its data with its password, and nothing without', async () => {
    await register(server.api, 'alice');
    await login({ username: 'alice', password: PASSWORD });
    for (const id of ['a', 'b']) await client.call('POST', '/api/atome/create', { ...note, id });
    const remove = (body: object) => client.call('DELETE', '/api/user-data/delete-all', body);
    expect(await remove({ password: 'not the password' })).toMatchObject({ status: 401 });
    for (const kinds of [[], 'note', ['a b'], [1]]) {
      expect(await remove({ password: PASSWORD, kinds })).toMatchObject({ status: 400, errors: [{ path: 'kinds' }] });
    }
    expect(await remove({ kinds: ['note'] })).toMatchObject({ status: 400 });
    expect(await remove({ password: 1 })).toMatchObject({ status: 400 });
    expect(await client.call('GET', '/api/atome/list')).toMatchObject({ total: 2 });
    expect(await remove({ password: PASSWORD })).toMatchObject({ success: true, deleted: 2, complete: true });
    expect(await client.call('GET', '/api/atome/list')).toMatchObject({ total: 0 });
  });

  describe('what it deletes in part or altogether', () => {
    beforeEach(async () => {
      await register(server.api, 'alice');
      await login({ username: 'alice', password: PASSWORD });
      for (const [id, kind] of [
        ['a', 'note'],
        ['b', 'task'],
        ['c', 'note'],
      ] as const) {
        await client.call('POST', '/api/atome/create', { id, kind, data: {}, logicalClock: 1, deviceId: 'd' });
      }
    });
    const remove = (body: object) => client.call('DELETE', '/api/auth/delete-account', { password: PASSWORD, ...body });

    it('is its data of some kinds', async () => {
      const told = await client.call('DELETE', '/api/user-data/delete-all', {
        password: PASSWORD,
        kinds: ['note', 'x'],
      });
      expect(told).toMatchObject({ success: true, deleted: 2, complete: true });
      expect(await client.call('GET', '/api/atome/list')).toMatchObject({ total: 1, data: [{ id: 'b' }] });
    });

    it('is all its data where it names no kinds', async () => {
      const told = await client.call('DELETE', '/api/user-data/delete-all', { password: PASSWORD, kinds: null });
      expect(told).toMatchObject({ deleted: 3 });
    });

    it('is its account with all its data', async () => {
      expect(await remove({ deleteData: true })).toMatchObject({ status: 200, success: true, deleted: 3 });
      expect(await login({ username: 'alice', password: PASSWORD })).toMatchObject({ status: 401 });
      await register(server.api, 'bob');
      await login({ username: 'bob', password: PASSWORD });
      expect(await client.call('GET', '/api/atome/list')).toMatchObject({ total: 0 });
      expect(await client.call('GET', '/api/atome/a')).toMatchObject({ status: 410, redacted: true });
    });

    it('is its account alone', async () => {
      expect(await remove({ deleteData: false })).toMatchObject({ status: 200, success: true });
      await register(server.api, 'bob');
      await login({ username: 'bob', password: PASSWORD });
      expect(await client.call('GET', '/api/atome/list')).toMatchObject({ total: 3 });
    });

    it('is nothing with another password, or without one', async () => {
      expect(await remove({ deleteData: true, password: 'not the password' })).toMatchObject({ status: 401 });
      expect(await remove({ deleteData: true, password: undefined })).toMatchObject({ status: 400 });
      expect(await remove({ deleteData: 'yes' })).toMatchObject({ status: 400, errors: [{ path: 'deleteData' }] });
      expect(await client.call('GET', '/api/atome/list')).toMatchObject({ total: 3 });
    });

    it.each([
      [{ phone: '12' }, 'phone'],
      [{ username: '!' }, 'username'],
      [{ email: 'no address' }, 'email'],
      [{ phone: '', username: '' }, 'phone'],
    ])('is told of its own field where it logs in with %j', async (who, path) => {
      for (const call of ['login', 'register']) {
        const told = await client.call('POST', `/api/auth/${call}`, { ...who, password: PASSWORD }, true);
        expect(told).toMatchObject({ status: 400, errors: [{ path }], error: expect.stringMatching(`^${path} `) });
      }
    });
  });
});

describe('the original client without accounts', () => {
  it('deletes all its data, of which there is no other proof than the call', async () => {
    const server = await startApp();
    const client = new OriginalAdapter(server.url, 'any');
    await client.call('POST', '/api/atome/create', { kind: 'note', data: {}, logicalClock: 1, deviceId: 'd' });
    const some = await client.call('DELETE', '/api/user-data/delete-all', { kinds: ['task'] });
    expect(some).toMatchObject({ success: true, deleted: 0, complete: true });
    const told = await client.call('DELETE', '/api/user-data/delete-all', { password: 'any' });
    expect(told).toMatchObject({ success: true, deleted: 1 });
    expect(await client.call('POST', '/api/auth/local/login', { username: 'a', password: 'b' })).toMatchObject({
      status: 404,
    });
    await server.close();
  });
});
