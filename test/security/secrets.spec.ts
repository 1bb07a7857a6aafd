import { afterEach, describe, expect, it } from '@jest/globals';
import { inSeconds, tokenOf } from '../support/server/tokens.js';
import { tokensOf, WITH_ACCOUNTS } from '../support/server/accounts.js';
import { bearer, type Api } from '../support/clients/api.js';
import { forge, hmac, Issuer } from '../support/server/issuer.js';
import { ServerProcess } from '../support/server/process.js';
import { TestSocket } from '../support/clients/socket.js';

const SECRET = 'canary-of-the-secret-0123456789abcdef';
const issuer = Issuer.withSecret(SECRET);
const TOKENS = [
  issuer.token(),
  issuer.token({ exp: inSeconds(-60) }),
  issuer.token({ roles: [] }),
  issuer.token({ sub: 'not possible' }),
  issuer.token({ tenant: 'not/possible' }),
  tokenOf('admin'),
  forge({ alg: 'none' }, { sub: 'canary' }, hmac('')),
  'canary-of-garbage',
];

/** The life of an account with all that can go wrong; what was refused is told. @returns what must be nowhere. */
async function useAccount(api: Api, told: string[]): Promise<string[]> {
  const [password, newPassword] = ['canary of a password', 'canary of another password'];
  const alice = { identifier: 'alice', password };
  const first = tokensOf(await api.post('/api/auth/register', alice));
  const second = tokensOf(await api.post('/api/auth/refresh', { refreshToken: first.refreshToken }));
  const third = tokensOf(await api.post('/api/auth/refresh', { refreshToken: second.refreshToken }));
  const { body } = await api.as(third.accessToken).post('/api/auth/ticket');
  const ticket = body.ticket as string;
  const change = { currentPassword: password, newPassword };
  const refused = [
    await api.post('/api/auth/register', alice),
    await api.post('/api/auth/register', { identifier: password, password: newPassword }),
    await api.post('/api/auth/register', { identifier: 'bob', password: newPassword.slice(0, 9) }),
    await api.post('/api/auth/login', { identifier: 'alice', password: newPassword }),
    await api.post('/api/auth/login', { identifier: 'alice', password: [password] }),
    await api.post('/api/auth/login', `{"identifier":"alice","password":"${password}`),
    await api.as(third.accessToken).post('/api/auth/change-password', { ...change, currentPassword: newPassword }),
    await api.get(`/api/nothing?ticket=${ticket}&access_token=${third.accessToken}`),
    await api.get(`/api/atome/list?ticket=${ticket}`),
    await api.get(`/api/atome/list?access_token=${third.accessToken}`),
    await api.get(`/api/sync/changes?ticket=${ticket}&limit=x`),
    await api.get(`/api/sync/changes?ticket=${ticket}`),
    await api.post('/api/auth/refresh', { refreshToken: `${third.refreshToken}x` }),
    await api.post('/api/auth/refresh', first),
    await api.post('/api/auth/refresh', { refreshToken: first.refreshToken }),
    await api.post('/api/auth/refresh', { refreshToken: third.refreshToken }),
  ];
  expect(refused.filter(({ status }) => status < 400)).toEqual([]);
  for (const { text, headers } of refused) told.push(text, JSON.stringify([...headers]));
  const tokens = [first, second, third].flatMap(({ accessToken, refreshToken }) => [
    ...[accessToken, accessToken.split('.').at(-1)!],
    ...[refreshToken, refreshToken.slice(0, 43), refreshToken.slice(43)],
  ]);
  return [ticket, ...tokens];
}

describe('tokens and secrets', () => {
  let server: ServerProcess | undefined;
  afterEach(() => server?.kill('SIGKILL'));

  it('are in no log, no error and no close reason', async () => {
    server = await ServerProcess.start({
      ...WITH_ACCOUNTS,
      AUTH_JWT_SECRET: SECRET,
      REFUSED_PER_MINUTE: '10',
      MAX_CONNECTIONS_PER_PRINCIPAL: '1',
      DATABASE_URL: 'sqlite::memory:',
      LOG_LEVEL: 'trace',
    });
    const { api, wsUrl, output } = server;
    const told: string[] = [];
    for (const token of TOKENS) {
      for (const headers of [bearer(token), { authorization: token }, { authorization: `Basic ${token}` }]) {
        const { text, headers: answered } = await api.post('/api/atome/create', { kind: 'note', data: {} }, headers);
        told.push(text, JSON.stringify([...answered]));
        const foreign = await api.get('/api/atome/list', { ...headers, origin: 'https://elsewhere.example' });
        told.push(foreign.text, JSON.stringify([...foreign.headers]));
      }
      for (const headers of [{}, bearer(token), { authorization: token }]) {
        const socket = await TestSocket.connect(wsUrl, headers);
        socket.send({ type: 'auth', token });
        socket.send({ type: 'auth', token: { token } });
        socket.send(`{"type":"auth","token":"${token}`);
        socket.send({ type: 'subscribe', token });
        socket.send({ type: 'ping' });
        await Promise.race([socket.next('pong').catch(() => undefined), socket.closed()]);
        await socket.close();
        told.push(JSON.stringify(socket.received), (await socket.closed()).reason);
      }
    }
    const secrets = await useAccount(api, told);
    for (const ticket of secrets)
      await TestSocket.connect(`${wsUrl}?ticket=${ticket}`).then((socket) => socket.close());
    expect(await server.kill('SIGTERM')).toBe(0);
    expect(told.length).toBeGreaterThan(50);
    for (const canary of [
      SECRET,
      'canary',
      ...secrets,
      ...TOKENS,
      ...TOKENS.map((token) => token.split('.').at(-1)!),
    ]) {
      expect([...told, ...output].filter((text) => text.includes(canary))).toEqual([]);
    }
  });
});
