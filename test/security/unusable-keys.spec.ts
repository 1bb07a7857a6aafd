import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { JWK } from 'jose';
import { WITH_TOKENS } from '../support/server/tokens.js';
import { bearer } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { claims, forge, Issuer } from '../support/server/issuer.js';
import { KeyServer } from '../support/server/key-server.js';

const good = Issuer.withKey('ES256', 'good');
const other = Issuer.withKey('RS256', 'bad');
const weak = generateKeyPairSync('rsa', { modulusLength: 1_024 });
const signWeakly = (input: string): Buffer => sign('sha256', Buffer.from(input), weak.privateKey);

/** What is wrong with the key, its entry in the set, and a token that names it. */
const FAULTS: readonly [fault: string, jwk: JWK, token: string][] = [
  [
    'is too short',
    { ...(weak.publicKey.export({ format: 'jwk' }) as JWK), kid: 'bad', alg: 'RS256' },
    forge({ alg: 'RS256', kid: 'bad' }, claims(), signWeakly),
  ],
  ['is malformed', { kty: 'RSA', kid: 'bad', n: 'AQ', e: 'AQAB' }, other.token()],
  ['lacks a part', { kty: 'RSA', kid: 'bad', e: 'AQAB' }, other.token()],
  [
    'is no point of its curve',
    { kty: 'EC', crv: 'P-256', kid: 'bad', x: 'AA', y: 'AA' },
    other.token({}, { alg: 'ES256' }),
  ],
  ['is for encryption', { ...other.jwk, use: 'enc' }, other.token()],
  ['is for another algorithm', { ...other.jwk, alg: 'PS256' }, other.token()],
  ['may not verify', { ...other.jwk, key_ops: ['encrypt'] }, other.token()],
  ['is of another kind', { ...good.jwk, kid: 'bad' }, other.token()],
];

const SOURCES = ['an address', 'a file'] as const;

describe.each(SOURCES)('a token whose key in %s', (source) => {
  let server: TestApp;
  let end: () => unknown;
  afterEach(async () => {
    await server.close();
    await end();
    jest.restoreAllMocks();
  });

  async function start(keys: readonly JWK[]): Promise<void> {
    if (source === 'an address') {
      const published = await KeyServer.start();
      published.fault = { status: 200, body: JSON.stringify({ keys }) };
      end = () => published.close();
      server = await startApp({ ...WITH_TOKENS, AUTH_JWT_SECRET: '', AUTH_JWKS_URL: published.url });
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'keys-'));
    const file = join(folder, 'keys.json');
    writeFileSync(file, JSON.stringify({ keys }));
    end = () => rmSync(folder, { recursive: true });
    server = await startApp({ ...WITH_TOKENS, AUTH_JWT_SECRET: '', AUTH_JWKS_FILE: file });
  }

  it.each(FAULTS)('%s is refused for good, and no other', async (_fault, jwk, token) => {
    await start([good.jwk, jwk]);
    const { status, headers, body } = await server.api.as(token).get('/api/atome/list');
    expect({ status, code: body.code }).toEqual({ status: 401, code: 'unauthenticated' });
    expect(headers.has('www-authenticate')).toBe(true);
    const socket = await server.connect();
    socket.send({ type: 'auth', token });
    expect(await socket.next('error')).toMatchObject({ code: 'unauthenticated' });
    expect(await socket.closed()).toMatchObject({ code: 4401 });
    expect((await server.api.get('/api/sync/changes', { ...bearer(token), accept: 'text/event-stream' })).status).toBe(
      401,
    );
    expect((await server.api.as(good.token()).get('/api/atome/list')).status).toBe(200);
  });

  it('is too short is told of in the log, once, with the settings that help', async () => {
    const [, jwk, token] = FAULTS[0]!;
    await start([good.jwk, jwk]);
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    for (let i = 0; i < 3; i += 1) await server.api.as(token).get('/api/atome/list');
    expect(warn.mock.calls.flat()).toEqual([expect.stringMatching(/AUTH_JWKS_URL, AUTH_JWKS_FILE.*2048 bits/)]);
  });
});
