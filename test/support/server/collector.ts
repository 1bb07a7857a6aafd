import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { expect } from '@jest/globals';

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

/** A span with its attributes by name. */
export interface Span extends Omit<SentSpan, 'attributes'> {
  readonly attributes: Record<string, unknown>;
  readonly resource: Record<string, unknown>;
}

const valuesOf = (attributes: readonly Attribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]));

/** Takes what is sent to it over OTLP/HTTP, as a collector does. */
export class Collector {
  readonly spans: Span[] = [];
  /** How it answers what it takes all the same. */
  status = 200;
  private onSpans: () => void = () => undefined;

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => {
      void json(request).then((body) => {
        expect(request.url).toBe('/v1/traces');
        for (const { resource, scopeSpans } of (body as Sent).resourceSpans)
          for (const { spans } of scopeSpans) for (const span of spans) this.take(span, resource.attributes);
        response.writeHead(this.status, { 'content-type': 'application/json' }).end('{}');
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
