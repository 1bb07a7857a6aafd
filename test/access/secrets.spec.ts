import { afterEach, describe, expect, it } from '@jest/globals';
import { inSeconds, tokenOf, WITH_TOKENS } from '../support/access.js';
import { bearer } from '../support/api.js';
import { forge, hmac, Issuer } from '../support/issuer.js';
import { ServerProcess } from '../support/process.js';
import { TestSocket } from '../support/socket.js';

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

describe('tokens and secrets', () => {
  let server: ServerProcess | undefined;
  afterEach(() => server?.kill('SIGKILL'));

  it('are in no log, no error and no close reason', async () => {
    server = await ServerProcess.start({
      ...WITH_TOKENS,
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
        const foreign = await api.get('/api/atome/list', { ...headers, origin: 'https://canary.example' });
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
    expect(await server.kill('SIGTERM')).toBe(0);
    expect(told.length).toBeGreaterThan(50);
    for (const canary of [SECRET, 'canary', ...TOKENS, ...TOKENS.map((token) => token.split('.').at(-1)!)]) {
      expect([...told, ...output].filter((text) => text.includes(canary))).toEqual([]);
    }
  });
});
