import { afterEach, describe, expect, it } from '@jest/globals';
import { CollectedLog } from '../support/collected-log.js';
import { RawSocket, upgradeRequest } from '../support/clients/raw-socket.js';
import { startEmbedded } from '../support/embedded.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { ServerProcess } from '../support/server/process.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';

const ID = 'trace-17/a.b:c';
const note = { kind: 'note', data: {} };

describe('the access log', () => {
  let server: TestApp;
  afterEach(() => server.close());

  it('has a line for each request with who asked for what, and what came of it; not for probes', async () => {
    server = await startApp({ ...WITH_TOKENS, LOG_LEVEL: 'info' });
    const log = new CollectedLog(server.app);
    await server.api.get('/health/ready');
    const named = { 'x-request-id': ID };
    await server.api.as(tokenOf('writer')).post('/api/atome/create', { id: 'a1', ...note }, named);
    await server.api.as(tokenOf('reader')).get('/api/atome/a1?version=1&fields=id');
    await server.api.get('/api/atome/a1?access_token=canary');
    await server.api.get('/api/canary');
    await server.api.get('/api/atome/%');
    const lines = await log.told('access', 5);
    const ms = expect.any(Number);
    const requestId = expect.stringMatching(/^[0-9a-f-]{36}$/);
    const known = { principal: expect.any(String), tenant: 'acme' };
    expect(lines).toEqual([
      { requestId: ID, method: 'POST', route: '/api/atome/create', status: 201, ms, ...known },
      { requestId, method: 'GET', route: '/api/atome/:id', status: 200, ms, ...known },
      { requestId, method: 'GET', route: '/api/atome/:id', status: 401, ms },
      { requestId, method: 'GET', status: 404, ms },
      { requestId, method: 'GET', status: 400, ms },
    ]);
    expect(JSON.stringify(log.lines)).not.toContain('canary');
  });

  it('has two lines for each WebSocket: when it opens, and who it was and what passed', async () => {
    server = await startApp({ ...WITH_TOKENS, LOG_LEVEL: 'info' });
    const log = new CollectedLog(server.app);
    const socket = await server.connect({ 'x-request-id': ID });
    const opened = await log.told('access', 1);
    socket.send({ type: 'auth', token: tokenOf('writer') });
    await socket.next('auth:success');
    socket.send({ type: 'ping' });
    await socket.next('pong');
    await socket.close();
    const clientId = expect.stringMatching(/^[0-9a-f-]{36}$/);
    const some = expect.any(Number);
    expect(opened).toEqual([{ webSocket: 'opened', requestId: ID, clientId }]);
    const passed = { ms: some, messages: 2, receivedBytes: some, sentBytes: some };
    expect((await log.told('access', 2))[1]).toEqual({
      webSocket: 'closed',
      requestId: ID,
      clientId,
      code: 1005,
      ...passed,
      principal: expect.any(String),
      tenant: 'acme',
    });
  });

  it('says of a request that its caller has given it up', async () => {
    server = await startApp({ LOG_LEVEL: 'info' });
    const log = new CollectedLog(server.app);
    const stop = new AbortController();
    const { signal } = stop;
    await fetch(`${server.url}/api/sync/changes?since=0&wait=30`, { signal });
    await fetch(`${server.url}/api/sync/changes`, { signal, headers: { accept: 'text/event-stream' } });
    stop.abort();
    const lines = await log.told('access', 2);
    expect(lines).toEqual([expect.objectContaining({ aborted: true }), expect.objectContaining({ aborted: true })]);
  });

  it.each([[{ ACCESS_LOG: 'off', LOG_LEVEL: 'info' }], [{ LOG_LEVEL: 'warn' }]])(
    'is not written with %j',
    async (settings) => {
      server = await startApp(settings);
      const log = new CollectedLog(server.app);
      await server.api.get('/api/atome/list');
      // by then the first would have had its line
      await server.api.get('/api/atome/list');
      await (await server.connect()).close();
      expect(log.of('access')).toEqual([]);
    },
  );
});

describe('the access log of an application', () => {
  it('has its routes whatever they are called: probes are those of the server', async () => {
    const host = await startEmbedded({ accessLog: true }, 'health-records');
    const log = new CollectedLog(host.app);
    await host.api.get('/health-records/atome/list');
    expect(await log.told('access', 1)).toEqual([expect.objectContaining({ route: '/health-records/atome/list' })]);
    await host.close();
  });

  it('has the routes of the module where the application asks for it, and none otherwise', async () => {
    for (const accessLog of [true, false]) {
      const host = await startEmbedded({ accessLog });
      const log = new CollectedLog(host.app);
      await host.api.get('/v1/atome/list');
      await host.api.get('/v1/nothing');
      const expected = accessLog ? [expect.objectContaining({ route: '/v1/atome/list', status: 200 })] : [];
      expect(await log.told('access', expected.length)).toEqual(expected);
      await host.close();
    }
  });
});

describe('the name of a request', () => {
  let server: TestApp;
  afterEach(() => server.close());

  it('is the one that it brought, in the answer and in its problem', async () => {
    server = await startApp();
    const { headers } = await server.api.get('/api/atome/list', { 'x-request-id': ID });
    expect(headers.get('x-request-id')).toBe(ID);
    const refused = await server.api.get('/api/atome/nobody', { 'x-request-id': ID });
    expect([refused.headers.get('x-request-id'), refused.body.requestId]).toEqual([ID, ID]);
    const undecodable = await server.api.get('/api/atome/%', { 'x-request-id': ID });
    expect([undecodable.status, undecodable.body.requestId]).toEqual([400, ID]);
  });

  it.each(['', 'two words', 'x'.repeat(129), 'a"b', 'ü', '<script>'])(
    'is a new one in the place of %j',
    async (given) => {
      server = await startApp();
      const { headers } = await server.api.get('/api/atome/list', { 'x-request-id': given });
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    },
  );
});

describe('a WebSocket that is refused', () => {
  let server: TestApp;
  afterEach(() => server.close());

  it.each([
    ['origin', '/ws/atome-sync', { origin: 'https://elsewhere.example' }, 'Perimeter', /ALLOWED_ORIGINS.*elsewhere/],
    ['host', '/ws/atome-sync', { Host: 'elsewhere.example' }, 'Perimeter', /allowedHosts.*elsewhere/],
    ['path', '/ws?ticket=canary', {}, 'WebSocket', /wsPath.*"\/ws"/],
    ['version', '/ws/atome-sync', { 'Sec-WebSocket-Version': '7' }, 'WebSocket', /426.*Sec-WebSocket-Version: 13/],
    ['room', '/ws/atome-sync', {}, 'WebSocket', /MAX_CONNECTIONS/],
  ])(
    'for its %s is told of with what would allow it, and named in its answer',
    async (why, path, headers, context, says) => {
      server = await startApp({ MAX_CONNECTIONS: '1' });
      if (why === 'room') await server.connect();
      const log = new CollectedLog(server.app);
      const raw = await RawSocket.open(server.url);
      raw.send(upgradeRequest(path, { 'X-Request-Id': ID, ...headers }));
      const answer = (await raw.ended()).toString();
      expect(answer).toContain(`x-request-id: ${ID}`);
      expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({ requestId: ID });
      expect(await log.told(context, 1)).toEqual([expect.stringMatching(says)]);
      expect(JSON.stringify(log.lines)).not.toContain('canary');
    },
  );
});

describe('the lines of a server', () => {
  it.each([
    ['auto', (line: string) => JSON.parse(line) as unknown],
    ['pretty', (line: string) => /^\d\d:\d\d:\d\d info {2}access .*route=\/api\/atome\/list status=200/.exec(line)],
  ])('with LOG_FORMAT=%s are for whoever reads them', async (LOG_FORMAT, read) => {
    const server = await ServerProcess.start({ DATABASE_URL: 'sqlite::memory:', LOG_LEVEL: 'info', LOG_FORMAT });
    await server.api.get('/api/atome/list');
    await server.says('/api/atome/list');
    const line = server.output
      .join('\n')
      .split('\n')
      .find((each) => each.includes('/api/atome/list'))!;
    expect(read(line)).toMatchObject(
      LOG_FORMAT === 'auto' ? { context: 'access', route: '/api/atome/list', status: 200 } : {},
    );
    expect(await server.kill('SIGTERM')).toBe(0);
  });
});
