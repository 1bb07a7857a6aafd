import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SECRET, WITH_TOKENS } from '../support/server/tokens.js';
import { bearer } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { Issuer, KEY_ALGORITHMS } from '../support/server/issuer.js';
import { keySetOf, KeyServer } from '../support/server/key-server.js';
import { attacksOn } from './attacks.js';

interface Source {
  /** Whoever may sign, the first of them attacked. */
  readonly issuers: readonly Issuer[];
  readonly start: () => Promise<TestApp>;
}

const ASYMMETRIC = { ...WITH_TOKENS, AUTH_JWT_SECRET: '' };
const issuers = [...KEY_ALGORITHMS].reverse().map((alg) => Issuer.withKey(alg, `key of ${alg}`));

/** A server, and what it needs for as long as it runs. */
async function startWith(environment: Record<string, string>, end: () => unknown): Promise<TestApp> {
  const server = await startApp({ ...ASYMMETRIC, ...environment });
  const close = async (): Promise<void> => {
    await server.close();
    await end();
  };
  return { ...server, close };
}

const SOURCES: Record<string, Source> = {
  'a secret': { issuers: [Issuer.withSecret(SECRET)], start: () => startApp(WITH_TOKENS) },
  'a file of keys': {
    issuers,
    start: () => {
      const folder = mkdtempSync(join(tmpdir(), 'keys-'));
      const path = join(folder, 'keys.json');
      writeFileSync(path, JSON.stringify(keySetOf(issuers)));
      return startWith({ AUTH_JWKS_FILE: path }, () => rmSync(folder, { recursive: true }));
    },
  },
  'an address of keys': {
    issuers,
    start: async () => {
      const keys = await KeyServer.start(...issuers);
      return startWith({ AUTH_JWKS_URL: keys.url }, () => keys.close());
    },
  },
};

describe.each(Object.entries(SOURCES))('with %s, a token', (_source, { issuers: [good, ...others], start }) => {
  let server: TestApp;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  it.each([good!, ...others].map((issuer) => [String(issuer.header.alg), issuer] as const))(
    'of %s that is good is taken',
    async (_alg, issuer) => {
      const token = issuer.token();
      expect(await server.api.as(token).get('/api/atome/list')).toMatchObject({ status: 200, body: { data: [] } });
      const socket = await server.connect(bearer(token));
      expect(await socket.next('welcome')).toMatchObject({ authRequired: false, seq: 0 });
      await socket.close();
    },
  );

  it.each(Object.entries(attacksOn(good!)))('with %s is refused on every door', async (_fault, token) => {
    const { status, headers, body } = await server.api.get('/api/atome/list', bearer(token));
    expect({ status, code: body.code }).toEqual({ status: 401, code: 'unauthenticated' });
    expect(headers.get('www-authenticate')).toMatch(/^Bearer .*error="invalid_token"/);

    const socket = await server.connect();
    socket.send({ type: 'auth', token });
    expect(await socket.next('error')).toMatchObject({ code: 'unauthenticated' });
    expect(await socket.closed()).toMatchObject({ code: 4401 });
    expect(socket.all('auth:success')).toEqual([]);

    const early = await server.connect(bearer(token));
    expect(await early.closed()).toMatchObject({ code: 4401 });
    expect(early.all('welcome')).toEqual([]);
  });
});
