import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { tracing } from '../../src/ledger/traces.js';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';
import { Receiver } from '../support/receiver.js';
import { startApp } from '../support/server/app.js';
import { Collector, type Span } from '../support/server/collector.js';
import { ServerProcess } from '../support/server/process.js';
import { TestSocket } from '../support/clients/socket.js';

const CALLER = 'b7ad6b7169203331';
const traceIdOf = (n: number): string => String(n).padStart(32, '0a');
const callerOf = (n: number, flags = '01'): Record<string, string> => ({
  traceparent: `00-${traceIdOf(n)}-${CALLER}-${flags}`,
});
const note = { kind: 'note', data: { secret: 'canary' } };

describe('the traces of two servers on one PostgreSQL', () => {
  let collector: Collector;
  let database: TestDatabase;
  const servers: ServerProcess[] = [];
  const sockets: TestSocket[] = [];
  beforeAll(async () => {
    collector = await Collector.start();
    database = await createDatabase();
    const settings = {
      DATABASE_URL: database.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '20',
      HEAD_POLL_MS: '60000',
    };
    for (let n = 0; n < 2; n += 1) servers.push(await ServerProcess.start(settings));
    for (const { wsUrl } of servers) sockets.push(await TestSocket.connect(wsUrl));
    await hearEachOther();
  });
  afterAll(async () => {
    await Promise.all(sockets.splice(0).map((socket) => socket.close()));
    for (const server of servers.splice(0)) expect(await server.kill('SIGTERM')).toBe(0);
    collector.close();
    await database.drop();
  });

  async function hearEachOther(): Promise<void> {
    for (const { api } of servers) {
      let count: number | undefined;
      while (count !== 1) {
        const { details } = (await api.get('/health')).body as { details?: { otherServers?: { count?: number } } };
        count = details?.otherServers?.count;
      }
    }
  }

  it('follow a call over group and commit to the readers of both', async () => {
    const [first] = servers;
    const { status } = await first!.api.post('/api/atome/create', note, callerOf(1));
    expect(status).toBe(201);
    const spans = await collector.trace(traceIdOf(1), 6);
    const named = (name: string): Span[] => spans.filter((span) => span.name === name);
    const [call] = named('POST /api/atome/create');
    const [write] = named('write');
    const [group] = named('group');
    const [commit] = named('commit');
    expect([call, write, group, commit].map((span) => span?.parentSpanId)).toEqual([
      CALLER,
      call!.spanId,
      write!.spanId,
      group!.spanId,
    ]);
    expect(call!.attributes).toMatchObject({ 'http.route': '/api/atome/create', 'http.response.status_code': 201 });
    expect(commit!.attributes).toMatchObject({ 'atome_sync.outcome': 'applied', 'atome_sync.seq': 1 });
    const deliveries = named('deliver');
    expect(deliveries).toHaveLength(2);
    for (const { parentSpanId, attributes } of deliveries) {
      expect(parentSpanId).toBe(commit!.spanId);
      expect(attributes).toMatchObject({ 'atome_sync.seq': 1, 'atome_sync.frames': 1 });
    }
    const instances = new Set(deliveries.map(({ resource }) => resource['service.instance.id']));
    expect(instances.size).toBe(2);
    expect(call!.resource['service.name']).toBe('atome-sync');
    for (const { startTimeUnixNano, endTimeUnixNano } of spans)
      expect(BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano)).toBe(true);
    expect(JSON.stringify(spans)).not.toMatch(/canary|process\.command/);
    // the ledger knows nothing of it
    expect((await first!.api.get('/api/sync/changes?since=0')).text).not.toContain(traceIdOf(1));
  });

  it('begin with a write of a WebSocket, and say what a write was refused for', async () => {
    const [socket] = sockets;
    socket!.send({ type: 'mutate', opId: 'op', operation: 'create', atomeId: 'a', ...note });
    await socket!.next('ack');
    const { traceId, kind } = await collector.root('write');
    expect(kind).toBe(2);
    const spans = await collector.trace(traceId, 5);
    expect(spans.map(({ name }) => name).sort()).toEqual(['commit', 'deliver', 'deliver', 'group', 'write']);

    expect(
      (await servers[1]!.api.post('/api/atome/create', { ...note, id: 'a', kind: 'other' }, callerOf(2))).status,
    ).toBe(409);
    const refused = await collector.trace(traceIdOf(2), 4);
    const codes = refused.map(({ name, attributes }) => [name, attributes['error.type']]);
    expect(Object.fromEntries(codes)).toMatchObject({ write: 'exists', commit: 'exists' });
  });

  it('leave out what the caller does not sample, and probes', async () => {
    const [first] = servers;
    await first!.api.post('/api/atome/create', note, callerOf(3, '00'));
    await first!.api.get('/health/live', callerOf(3));
    await first!.api.post('/api/atome/create', note, callerOf(4));
    await collector.trace(traceIdOf(4), 6);
    expect(collector.spans.filter(({ traceId }) => traceId === traceIdOf(3))).toEqual([]);
  });
});

describe('the traces of a server', () => {
  const collectors: Collector[] = [];
  const open = async (): Promise<Collector> => {
    collectors.push(await Collector.start());
    return collectors.at(-1)!;
  };
  afterEach(() => {
    for (const collector of collectors.splice(0)) collector.close();
  });

  it('hang together whatever language its callers speak, and a collector that refuses them keeps it from nothing', async () => {
    const collector = await open();
    collector.status = 401;
    const server = await ServerProcess.start({
      DATABASE_URL: 'sqlite::memory:',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_PROPAGATORS: 'b3',
      // all that there is to send is sent at the end
      OTEL_BSP_SCHEDULE_DELAY: '60000',
    });
    const b3 = { b3: `${traceIdOf(1)}-${CALLER}-1` };
    expect((await server.api.post('/api/atome/create', note, b3)).status).toBe(201);
    expect(await server.kill('SIGTERM')).toBe(0);
    const spans = (await collector.trace(traceIdOf(1), 4)).map(({ name }) => name).sort();
    expect(spans).toEqual(['POST /api/atome/create', 'commit', 'group', 'write']);
    expect(server.output.join('')).not.toContain('cannot run');
  });

  it('go on to the receiver of a webhook', async () => {
    const collector = await open();
    const receiver = await Receiver.start();
    const server = await ServerProcess.start({
      DATABASE_URL: 'sqlite::memory:',
      WEBHOOKS_ALLOW_PRIVATE: 'on',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '20',
    });
    expect((await server.api.post('/api/webhooks', { url: receiver.url('/hook') })).status).toBe(201);
    await server.api.post('/api/atome/create', note, callerOf(1));
    const spans = await collector.trace(traceIdOf(1), 5);
    const [handle] = spans.filter(({ name }) => name === 'handle');
    const [commit] = spans.filter(({ name }) => name === 'commit');
    expect(handle).toMatchObject({ kind: 5, parentSpanId: commit!.spanId, attributes: { 'atome_sync.attempt': 1 } });
    const [received] = receiver.at('/hook');
    expect(received!.headers.traceparent).toBe(`00-${traceIdOf(1)}-${handle!.spanId}-01`);
    expect(await server.kill('SIGTERM')).toBe(0);
    await receiver.close();
  });

  it('are those of each that there is in a process, together and one after the other', async () => {
    const collector = await open();
    const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' };
    Object.assign(process.env, settings);
    const [first, second] = [await startApp(settings), await startApp(settings)];
    await first.close();
    await second.api.post('/api/atome/create', note, callerOf(1));
    await second.close();
    const third = await startApp(settings);
    await third.api.post('/api/atome/create', note, callerOf(2));
    await third.close();
    expect(tracing).toEqual({});
    for (const n of [1, 2]) expect(await collector.trace(traceIdOf(n), 4)).toHaveLength(4);
  });
});

describe('a start with traces', () => {
  it('asks for the package that it needs, where that is missing', async () => {
    const hook = `export const resolve = (name, context, next) => {
      if (name !== '@opentelemetry/sdk-node') return next(name, context);
      throw Object.assign(new Error('missing'), { code: 'ERR_MODULE_NOT_FOUND' });
    };`;
    const register = `import { register } from 'node:module';
      register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)});`;
    const { code, output } = await ServerProcess.fail({
      DATABASE_URL: 'sqlite::memory:',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(register)}`,
    });
    expect({ code, output }).toEqual({
      code: 78,
      output: expect.stringMatching(/OTEL_EXPORTER_OTLP_ENDPOINT: .*npm install @opentelemetry\/sdk-node/),
    });
  });
});
