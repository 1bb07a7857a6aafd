import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Authenticator } from '../../src/auth/authentication/authenticator.js';
import { inSeconds, tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { bearer } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { EventStream } from '../support/clients/event-stream.js';
import { Issuer } from '../support/server/issuer.js';
import { keySetOf, KeyServer } from '../support/server/key-server.js';

const [old, young] = [Issuer.withKey('ES256', 'old'), Issuer.withKey('EdDSA', 'young')];
const MINUTE_MS = 60_000;
const ALL_BUT_DATE = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;

describe('the keys of an identity provider', () => {
  let keys: KeyServer;
  let server: TestApp;
  beforeEach(async () => {
    keys = await KeyServer.start(old);
    server = await startApp({ ...WITH_TOKENS, AUTH_JWT_SECRET: '', AUTH_JWKS_URL: keys.url });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await server.close();
    await keys.close();
  });

  /** From here on the clock goes ahead by so much. */
  const later = (ms: number): void => {
    const real = Date.now.bind(Date);
    jest.spyOn(Date, 'now').mockImplementation(() => real() + ms);
  };
  const list = async (issuer: Issuer): Promise<number> =>
    (await server.api.as(issuer.token()).get('/api/atome/list')).status;

  it('are asked for once, not for each token', async () => {
    for (let i = 0; i < 5; i += 1) expect(await list(old)).toBe(200);
    expect(keys.asked).toBe(1);
  });

  it('are asked for again when a token names a new one', async () => {
    expect(await list(old)).toBe(200);
    keys.issuers = [old, young];
    later(MINUTE_MS);
    expect([await list(young), await list(old)]).toEqual([200, 200]);
    expect(keys.asked).toBe(2);
  });

  it('are not asked for again with each unknown name', async () => {
    for (let i = 0; i < 5; i += 1) expect(await list(Issuer.withKey('EdDSA', `made up ${i}`))).toBe(401);
    expect(keys.asked).toBe(1);
  });

  it('are good no longer once they are removed and another was asked for', async () => {
    expect(await list(old)).toBe(200);
    keys.issuers = [young];
    later(MINUTE_MS);
    expect([await list(young), await list(old)]).toEqual([200, 401]);
  });

  it('are good no longer than ten minutes after they were removed', async () => {
    expect(await list(old)).toBe(200);
    keys.issuers = [young];
    later(11 * MINUTE_MS);
    expect(await list(old)).toBe(401);
  });

  it.each([
    ['answers 500', { status: 500, body: 'out of order' }],
    ['answers no JSON', { status: 200, body: '<html>' }],
    ['answers no key set', { status: 200, body: '{"keys":1}' }],
  ])('cannot be had when the address %s: 503, and 1012 on the socket', async (_how, fault) => {
    keys.fault = fault;
    await expectUnavailable();
    keys.fault = undefined;
    expect(await list(old)).toBe(200);
  });

  it('cannot be had when nobody is there: 503, and 1012 on the socket', async () => {
    await keys.close();
    await expectUnavailable();
  });

  it.each([
    ['another token names a newer one', MINUTE_MS, () => list(young)],
    ['ten minutes have passed, though nobody has asked', 11 * MINUTE_MS, () => Promise.resolve()],
  ])('end what is open for those whose key is known to be removed: %s', async (_when, ms, ask) => {
    const token = old.token({ exp: inSeconds(3_600) });
    const [socket, kept] = [await server.connect(bearer(token)), await server.connect()];
    const stream = await EventStream.open(`${server.url}/api/sync/changes`, bearer(token));
    expect(await stream.next()).toMatchObject({ type: 'sync:live' });
    keys.issuers = [young];
    later(ms);
    await ask();
    expect(await socket.closed()).toEqual({ code: 4401, reason: 'the token has been withdrawn' });
    expect(await stream.next()).toBeUndefined();
    expect(await list(old)).toBe(401);
    kept.send({ type: 'auth', token: young.token({ exp: inSeconds(3_600) }) });
    await kept.next('auth:success');
    kept.send({ type: 'ping' });
    await kept.next('pong');
  });

  it('may be out of reach when a token is renewed: the one before it holds', async () => {
    const socket = await server.connect(bearer(old.token()));
    await socket.next('welcome');
    keys.fault = { status: 500, body: '' };
    later(MINUTE_MS);
    socket.send({ type: 'auth', token: young.token() });
    expect(await socket.next('error')).toMatchObject({ code: 'unavailable' });
    socket.send({ type: 'mutate', opId: 'op', operation: 'create', kind: 'note', data: {} });
    expect(await socket.next('ack')).toMatchObject({ seq: 1 });
  });

  async function expectUnavailable(): Promise<void> {
    const { status, headers, body } = await server.api.as(old.token()).get('/api/atome/list');
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'unavailable' });
    expect(headers.get('www-authenticate')).toBeNull();
    const socket = await server.connect();
    socket.send({ type: 'auth', token: old.token() });
    expect(await socket.next('error')).toMatchObject({ code: 'unavailable' });
    expect(await socket.closed()).toMatchObject({ code: 1012 });
  }
});

describe('a file of keys', () => {
  let folder: string;
  let file: string;
  let server: TestApp;
  const write = (text: string): void => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keys-'));
    file = join(folder, 'keys.json');
    write(JSON.stringify(keySetOf([old])));
    server = await startApp({ ...WITH_TOKENS, AUTH_JWT_SECRET: '', AUTH_JWKS_FILE: file });
  });
  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  it('is read again when it changes: newer keys count, and who has an older one is sent away', async () => {
    const socket = await server.connect(bearer(old.token()));
    await socket.next('welcome');
    write(JSON.stringify(keySetOf([young])));
    expect(await socket.closed()).toMatchObject({ code: 4401 });
    const statuses = [old, young].map((issuer) => server.api.as(issuer.token()).get('/api/atome/list'));
    expect((await Promise.all(statuses)).map(({ status }) => status)).toEqual([401, 200]);
  });

  it('leaves the keys as they are when it is none, or has gone', async () => {
    const authenticator = server.app.get(Authenticator);
    for (const spoil of [() => write('canary'), () => rmSync(file)]) {
      spoil();
      await authenticator.refresh();
      expect((await server.api.as(old.token()).get('/api/atome/list')).status).toBe(200);
    }
    write(JSON.stringify(keySetOf([young])));
    await authenticator.refresh();
    expect((await server.api.as(old.token()).get('/api/atome/list')).status).toBe(401);
  });
});

describe('a token that was good', () => {
  it('is good no longer than it says, however often it was seen', async () => {
    const server = await startApp(WITH_TOKENS);
    const api = server.api.as(tokenOf('reader', { exp: inSeconds(2) }));
    expect([await api.get('/api/atome/list'), await api.get('/api/atome/list')].map(({ status }) => status)).toEqual([
      200, 200,
    ]);
    // the clocks may be 5 s apart
    jest.useFakeTimers({ doNotFake: [...ALL_BUT_DATE], now: Date.now() + 10_000 });
    expect((await api.get('/api/atome/list')).status).toBe(401);
    jest.useRealTimers();
    await server.close();
  });
});
