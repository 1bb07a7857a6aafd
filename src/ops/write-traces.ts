import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { api as Api } from '@opentelemetry/sdk-node';
import type { Committed } from '../ledger/outcome.js';
import { DELIVERIES } from '../ledger/signals.js';
import type { TracedAttempt, TracedGroup, TracedHandling, Traces } from '../ledger/traces.js';
import { AtomeError } from '../protocol/index.js';

/** So many names are kept for consumers and webhooks, which may be some time behind; and of those that another node has told, until read. */
const MAX_KEPT = 10_000;
const MAX_HEARD = 1_000;

/** Makes the spans of writes, see {@link Traces}. */
export class WriteTraces implements Traces {
  /** By tenant and seq. */
  private readonly namesHeard = new Map<string, string>();
  /** As they are handed on to consumers. */
  private readonly kept = new Map<string, string>();
  private readonly given = { frames: 0, bytes: 0 };
  private readonly count = (bytes: unknown): void => {
    this.given.frames += 1;
    this.given.bytes += (bytes as Buffer).length;
  };

  constructor(
    private readonly api: typeof Api,
    private readonly tracer: Api.Tracer,
  ) {
    subscribe(DELIVERIES.name, this.count);
  }

  stop(): void {
    unsubscribe(DELIVERIES.name, this.count);
  }

  async write<T>(what: string, submit: (trace: string | undefined) => Promise<T>): Promise<T> {
    const { context, trace, SpanKind } = this.api;
    const by = context.active();
    const kind = trace.getSpan(by) ? SpanKind.INTERNAL : SpanKind.SERVER;
    const span = this.tracer.startSpan('write', { kind, attributes: { 'atome_sync.operation': what } }, by);
    try {
      return await context.with(trace.setSpan(by, span), () => submit(this.nameOf(span)));
    } catch (error) {
      this.fail(span, error);
      throw error;
    } finally {
      span.end();
    }
  }

  apart<T>(work: () => T): T {
    return this.api.context.with(this.api.ROOT_CONTEXT, work);
  }

  decided({ tenant, writes, outcomes, committed, begun }: TracedGroup): void {
    const ended = performance.now();
    const decided = Array.isArray(outcomes) ? (outcomes as readonly unknown[]) : undefined;
    writes.slice(0, decided?.length).forEach(({ origin, cameAt }, index) => {
      if (origin.trace === undefined) return;
      const group = this.spanOf(
        'group',
        origin.trace,
        { 'atome_sync.group_size': writes.length },
        { startTime: cameAt || begun },
      );
      const commit = this.spanOf('commit', this.nameOf(group) ?? origin.trace, {}, { startTime: begun });
      const outcome = decided ? decided[index] : (outcomes as { readonly error: unknown }).error;
      const seq = this.tell(commit, outcome);
      const name = this.nameOf(commit);
      if (seq !== undefined && name !== undefined) {
        nameIn(committed, seq, name);
        this.keep(keyOf(tenant, seq), name);
      }
      commit.end(ended);
      group.end(ended);
    });
  }

  heard(tenant: string, seq: number, trace: string): void {
    this.namesHeard.set(keyOf(tenant, seq), trace);
    this.keep(keyOf(tenant, seq), trace);
    if (this.namesHeard.size <= MAX_HEARD) return;
    const [oldest] = this.namesHeard.keys();
    this.namesHeard.delete(oldest!);
  }

  showing(tenant: string, committed: readonly Committed[]): (() => void) | undefined {
    const spans: Api.Span[] = [];
    for (const { alteration, trace } of committed) {
      const name = trace ?? this.take(keyOf(tenant, alteration.seq));
      if (name !== undefined) spans.push(this.spanOf('deliver', name, { 'atome_sync.seq': alteration.seq }));
    }
    if (spans.length === 0) return undefined;
    const before = { ...this.given };
    return () => {
      const frames = this.given.frames - before.frames;
      const bytes = this.given.bytes - before.bytes;
      for (const span of spans) span.setAttributes({ 'atome_sync.frames': frames, 'atome_sync.bytes': bytes }).end();
    };
  }

  handling({ tenant, seq, name, attempt }: TracedHandling): TracedAttempt | undefined {
    const of = this.kept.get(keyOf(tenant, seq));
    if (of === undefined) return undefined;
    const { context, trace, ROOT_CONTEXT, SpanKind, SpanStatusCode } = this.api;
    const attributes = { 'atome_sync.consumer': name, 'atome_sync.seq': seq, 'atome_sync.attempt': attempt };
    const span = this.spanOf('handle', of, attributes, { kind: SpanKind.CONSUMER });
    return {
      trace: this.nameOf(span),
      within: (work) => context.with(trace.setSpan(ROOT_CONTEXT, span), work),
      end: (hasFailed) => {
        if (hasFailed) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  }

  private keep(key: string, name: string): void {
    this.kept.set(key, name);
    if (this.kept.size <= MAX_KEPT) return;
    const [oldest] = this.kept.keys();
    this.kept.delete(oldest!);
  }

  private take(key: string): string | undefined {
    const name = this.namesHeard.size > 0 ? this.namesHeard.get(key) : undefined;
    if (name !== undefined) this.namesHeard.delete(key);
    return name;
  }

  /** @returns the seq of the alteration that was made. */
  private tell(span: Api.Span, outcome: unknown): number | undefined {
    const { outcome: came, committed } = outcome as { readonly outcome?: string; readonly committed?: Committed };
    if (came === undefined) this.fail(span, outcome);
    else span.setAttribute('atome_sync.outcome', came);
    if (committed) span.setAttribute('atome_sync.seq', committed.alteration.seq);
    return committed?.alteration.seq;
  }

  /** By its code alone: what it says may name what was written. */
  private fail(span: Api.Span, error: unknown): void {
    const refusal = error instanceof AtomeError ? error : undefined;
    span.setAttribute('error.type', refusal?.code ?? 'internal');
    if (!refusal || refusal.toBody().status >= 500) span.setStatus({ code: this.api.SpanStatusCode.ERROR });
  }

  private spanOf(name: string, of: string, attributes: Api.Attributes, more: Api.SpanOptions = {}): Api.Span {
    const { trace, ROOT_CONTEXT, TraceFlags } = this.api;
    // read here: by the settings of the propagators, callers may speak another language than we do among ourselves
    const [, traceId = '', spanId = ''] = of.split('-');
    const parent = trace.setSpanContext(ROOT_CONTEXT, {
      traceId,
      spanId,
      traceFlags: TraceFlags.SAMPLED,
      isRemote: true,
    });
    return this.tracer.startSpan(name, { ...more, attributes }, parent);
  }

  /** As a header `traceparent` has it; undefined for what is not sampled: nobody would see what comes of it. */
  private nameOf(span: Api.Span): string | undefined {
    const { traceId, spanId } = span.spanContext();
    return span.isRecording() ? `00-${traceId}-${spanId}-01` : undefined;
  }
}

/** What is told of a group has no gaps. */
function nameIn(committed: readonly Committed[], seq: number, name: string): void {
  const [first] = committed;
  const told = first && committed[seq - first.alteration.seq];
  if (told) told.trace = name;
}

function keyOf(tenant: string, seq: number): string {
  return `${tenant} ${seq}`;
}
