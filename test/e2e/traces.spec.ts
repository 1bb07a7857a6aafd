import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';
import { ServerProcess } from '../support/server/process.js';
import { TestSocket } from '../support/clients/socket.js';

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string };
}

/** A span as OTLP has it in JSON. */
interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
}

interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}

interface Span extends Omit<SentSpan, 'attributes'> {
  readonly attributes: Record<string, unknown>;
  readonly resource: Record<string, unknown>;
}

const valuesOf = (attributes: readonly Attribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]));

/** Takes what is sent to it over OTLP/HTTP, as a collector does. */
class Collector {
  readonly spans: Span[] = [];
  private onSpans: () => void = () => undefined;

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => {
      void json(request).then((body) => {
        expect(request.url).toBe('/v1/traces');
        for (const { resource, scopeSpans } of (body as Sent).resourceSpans)
          for (const { spans } of scopeSpans) for (const span of spans) this.take(span, resource.attributes);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
        this.onSpans();
      });
    });
  }

  static async start(): Promise<Collector> {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new Collector(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Resolves with the spans of a trace once there are so many. */
  async trace(traceId: string, count: number): Promise<Span[]> {
    for (;;) {
      const found = this.spans.filter((span) => span.traceId === traceId);
      if (found.length >= count) return found;
      await new Promise<void>((resolve) => (this.onSpans = resolve));
    }
  }

  /** Resolves with the first span of a name that begins a trace. */
  async root(name: string): Promise<Span> {
    for (;;) {
      const found = this.spans.find((span) => span.name === name && !span.parentSpanId);
      if (found) return found;
      await new Promise<void>((resolve) => (this.onSpans = resolve));
    }
  }

  close(): void {
    this.server.close();
  }

  private take(span: SentSpan, resource: readonly Attribute[]): void {
    this.spans.push({ ...span, attributes: valuesOf(span.attributes), resource: valuesOf(resource) });
  }
}

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
