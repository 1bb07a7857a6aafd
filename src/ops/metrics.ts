import type { Channel } from 'node:diagnostics_channel';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { INestApplicationContext } from '@nestjs/common';
import type * as PrometheusModule from 'prom-client';
import { Retention } from '../application/retention.js';
import { ConfigError } from '../config/config-error.js';
import { MemoryBudget } from '../auth/admission/memory-budget.js';
import { EdgeLink } from '../edge/edge-link.js';
import { Feed } from '../feed/feed.js';
import type { Outcome } from '../ledger/outcome.js';
import { consumersOf } from '../ledger/compaction/holders.js';
import {
  DELIVERIES,
  GROUPS,
  REFUSALS,
  RESETS,
  type GroupSignal,
  type RefusalSignal,
  type ResetSignal,
} from '../ledger/signals.js';
import { LEDGER_STORE } from '../ledger/store.js';
import type { SqlStore } from '../ledger/stores/sql.store.js';
import { AtomeError, ERRORS, type ErrorCode, type ResetReason } from '../protocol/index.js';
import { ConnectionRegistry } from '../realtime/connection-registry.js';
import { VERSION } from '../version.js';

type Outcomes = Outcome['outcome'] | 'refused' | 'failed';

/** The values of labels. */
const OUTCOMES = namesOf<Outcomes>({ applied: 0, noop: 0, duplicate: 0, refused: 0, failed: 0 });
const ENTRY_POINTS = namesOf<RefusalSignal['entryPoint']>({ rest: 0, socket: 0 });
const CODES = Object.keys(ERRORS) as ErrorCode[];
const REASONS = namesOf<ResetReason>({ epoch: 0, forked: 0, future: 0, compacted: 0, access: 0 });

/** All of a union, as the compiler checks. */
function namesOf<T extends string>(all: Record<T, 0>): T[] {
  return Object.keys(all) as T[];
}

type Prometheus = typeof PrometheusModule;
type Registry = InstanceType<Prometheus['Registry']>;

const PREFIX = 'atome_sync_';
/** From a commit in memory to one that waits for a lock, in seconds. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SIZES = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000];
/** What is asked of the database for them is asked at most so often, in milliseconds. */
const DATABASE_MS = 10_000;

/** Metrics as Prometheus reads them. */
export interface MetricsText {
  readonly contentType: string;
  text(): Promise<string>;
}

/** What the server measures. No label names a tenant: each would be a series of its own. */
export interface Metrics extends MetricsText {
  /** The same as values, which can be summed up with those of other processes. */
  values(): Promise<object[]>;
  /** Ends the measuring. */
  stop(): void;
}

/** Begins to measure. @throws ConfigError where the package is missing. */
export async function openMetrics(app: INestApplicationContext): Promise<Metrics> {
  const prometheus = await loadPrometheus();
  const registry = new prometheus.Registry();
  prometheus.collectDefaultMetrics({ register: registry });
  const stops = [...countSignals(prometheus, registry)];
  const store = app.get<SqlStore>(LEDGER_STORE, { strict: false });
  const looks: readonly (() => void | Promise<void>)[] = [
    gaugeProcess(prometheus, registry, app),
    ...gaugeEdge(prometheus, registry, app),
    gaugeDatabase(prometheus, registry, store),
    gaugeRetention(prometheus, registry, app),
  ];
  const measured = async (): Promise<Registry> => {
    for (const look of looks) await look();
    return registry;
  };
  return {
    contentType: registry.contentType,
    text: async () => (await measured()).metrics(),
    values: async () => (await measured()).getMetricsAsJSON(),
    stop: () => stops.forEach((stop) => stop()),
  };
}

/** @throws ConfigError where the package is missing. */
export async function loadPrometheus(): Promise<Prometheus> {
  return import('prom-client').catch(missing);
}

function missing(error: NodeJS.ErrnoException): never {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  throw new ConfigError(['METRICS_PORT: needs the package "prom-client": npm install prom-client, or leave it empty']);
}

interface Registers {
  readonly registers: Registry[];
}

/**
 * Counts what happens, from here on; yields what ends it. What has not happened yet is there with 0: Prometheus sees no increase
 * in a series that begins with 1.
 */
function* countSignals({ Counter, Histogram }: Prometheus, registry: Registry): Generator<() => void> {
  const registers: Registers = { registers: [registry] };
  const counter = (name: string, help: string, ...labelNames: string[]) =>
    new Counter({ name: PREFIX + name, help, labelNames, ...registers });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: PREFIX + name, help, buckets, ...registers });
  const writes = counter('writes_total', 'Writes that were decided, by what came of them', 'outcome');
  for (const outcome of OUTCOMES) writes.inc({ outcome }, 0);
  const events = counter('events_total', 'Alterations that this server has added to a ledger');
  const sizes = histogram('group_writes', 'Writes that are committed together', SIZES);
  const commits = histogram('commit_seconds', 'How long it takes to decide and commit a group', SECONDS);
  const waits = histogram('write_wait_seconds', 'How long the first write of a group waits for it', SECONDS);
  yield listen(GROUPS, ({ outcomes, size, waitedMs, tookMs, committed }: GroupSignal) => {
    for (const each of outcomes) writes.inc({ outcome: each instanceof AtomeError ? 'refused' : each.outcome });
    if (outcomes.length === 0) writes.inc({ outcome: 'failed' }, size);
    events.inc(committed);
    sizes.observe(size);
    commits.observe(tookMs / 1_000);
    waits.observe(waitedMs / 1_000);
  });
  const refusals = counter('refusals_total', 'Calls, messages and writes that were refused, by code', 'door', 'code');
  for (const door of ENTRY_POINTS) for (const code of CODES) refusals.inc({ door, code }, 0);
  yield listen(REFUSALS, ({ entryPoint: door, code }: RefusalSignal) => refusals.inc({ door, code }));
  const deliveries = counter('deliveries_total', 'Pieces of the feed that were given to a connection');
  const delivered = counter('delivered_bytes_total', 'Bytes of the feed that were given to connections');
  yield listen(DELIVERIES, (bytes: Buffer) => {
    deliveries.inc();
    delivered.inc(bytes.length);
  });
  const resets = counter('resets_total', 'Readers that could not go on where they were, by reason', 'reason');
  for (const reason of REASONS) resets.inc({ reason }, 0);
  yield listen(RESETS, ({ reason }: ResetSignal) => resets.inc({ reason }));
}

function listen({ name }: Channel, heard: (signal: never) => void): () => void {
  const listener = (signal: unknown): void => heard(signal as never);
  subscribe(name, listener);
  return () => unsubscribe(name, listener);
}

/** What the process holds; returns what looks at it. */
function gaugeProcess({ Gauge }: Prometheus, registry: Registry, app: INestApplicationContext): () => void {
  const registers: Registers = { registers: [registry] };
  const feed = app.get(Feed, { strict: false });
  const connections = app.get(ConnectionRegistry, { strict: false });
  const memory = app.get(MemoryBudget, { strict: false });
  const store = app.get<SqlStore>(LEDGER_STORE, { strict: false });
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name: PREFIX + name, help, labelNames, ...registers });
  gauge('info', 'The version that runs', 'version').set({ version: VERSION }, 1);
  const readers = gauge('readers', 'Who follows a ledger now, by form', 'form');
  const furthest = 'Alterations that the reader that is furthest behind has not been shown';
  const lag = new Gauge({
    ...{ name: `${PREFIX}reader_lag`, help: furthest, labelNames: ['form'] },
    ...{ aggregator: 'max', ...registers },
  });
  const unsent = gauge('unsent_bytes', 'Bytes that connections of readers have not taken yet');
  const sockets = gauge('connections', 'WebSockets that are open, by whether they have said who they are', 'state');
  const held = gauge('memory_bytes', 'Bytes held for what callers ask, of MEMORY_BUDGET');
  const budget = gauge('memory_budget_bytes', 'MEMORY_BUDGET');
  const pools = gauge('pool_connections', 'Connections to PostgreSQL, by what they are for', 'pool', 'state');
  return () => {
    const forms = { range: [0, 0], plain: [0, 0], sse: [0, 0] } as Record<string, [count: number, lag: number]>;
    let bytes = 0;
    for (const reader of feed.readers()) {
      const form = forms[reader.view.key.split(' ', 1)[0]!]!;
      form[0] += 1;
      form[1] = Math.max(form[1], reader.lag);
      bytes += reader.unsent;
    }
    for (const [form, [count, most]] of Object.entries(forms)) {
      readers.set({ form }, count);
      lag.set({ form }, most);
    }
    unsent.set(bytes);
    for (const [state, count] of Object.entries(connections.totals)) sockets.set({ state }, count);
    held.set(memory.bytes);
    budget.set(memory.limit);
    for (const [pool, usage] of Object.entries(store.poolUsage())) {
      for (const [state, count] of Object.entries(usage)) pools.set({ pool, state }, count);
    }
  };
}

/** How far the server above is followed, where one is. */
function gaugeEdge({ Gauge }: Prometheus, registry: Registry, app: INestApplicationContext): (() => void)[] {
  const { edge } = app.get(EdgeLink, { strict: false });
  if (!edge) return [];
  const gauge = (name: string, help: string) => new Gauge({ name: PREFIX + name, help, registers: [registry] });
  const live = gauge('edge_live', 'Whether the server above is followed now');
  const waiting = gauge('edge_waiting', 'Writes that the server above has not decided yet');
  const lag = gauge('edge_lag', 'Alterations of the server above that are not here yet');
  return [
    () => {
      const status = edge.status();
      live.set(Number(status.state === 'live'));
      waiting.set(status.waiting);
      lag.set(status.upstream ? status.upstream.head - status.upstream.seq : 0);
    },
  ];
}

const SELECT_LEDGERS = `SELECT count(*) AS "ledgers", coalesce(sum(seq), 0) AS "alterations", coalesce(sum(atomes), 0) AS "atomes",
  coalesce(sum(bytes), 0) AS "bytes" FROM atome_ledgers`;
/** Where histories begin: what is archived, and since when, by the time of the last alteration that went into an archive. */
const SELECT_FLOORS = `SELECT count(*) AS "floors", coalesce(sum(seq), 0) AS "archived", min(timestamp) AS "oldest" FROM atome_floors`;

/** Whether what is to go goes; returns what looks. */
function gaugeRetention({ Gauge }: Prometheus, registry: Registry, app: INestApplicationContext): () => void {
  const { lag } = app.get(Retention, { strict: false });
  const help = 'By how much the oldest alteration of all ledgers has outstayed RETENTION';
  const late = new Gauge({ name: `${PREFIX}retention_late_seconds`, help, aggregator: 'max', registers: [registry] });
  return () => late.set((lag.ms ?? 0) / 1_000);
}

/** What the database holds; returns what asks it. */
function gaugeDatabase({ Gauge }: Prometheus, registry: Registry, store: SqlStore): () => Promise<void> {
  const registers: Registers = { registers: [registry] };
  // all processes of a server ask the same database
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name: PREFIX + name, help, labelNames, aggregator: 'max', ...registers });
  const up = new Gauge({
    ...{ name: `${PREFIX}database_up`, help: 'Whether the database has answered for these metrics' },
    ...{ aggregator: 'min', ...registers },
  });
  const totals = {
    ledgers: gauge('ledgers', 'Ledgers, one for each tenant'),
    alterations: gauge('ledger_alterations', 'Alterations of all ledgers'),
    atomes: gauge('ledger_atomes', 'Atomes of all ledgers that are not deleted'),
    bytes: gauge('ledger_bytes', 'Bytes of text that the database keeps, of all ledgers'),
  };
  const floored = gauge('archived_ledgers', 'Ledgers whose history begins behind an archive');
  const archived = gauge('archived_alterations', 'Alterations that are in archives and no longer in a ledger');
  const age = gauge(
    'archived_age_seconds',
    'How long ago the history that reaches back furthest behind an archive begins',
  );
  const lag = gauge('consumer_lag', 'Alterations that a durable consumer has not handled, of all ledgers', 'consumer');
  const idle = gauge('consumer_idle_seconds', 'For how long nobody has run a durable consumer', 'consumer');
  const dead = gauge('consumer_dead_letters', 'Alterations that a durable consumer has given up', 'consumer');
  let askedAt = -Infinity;
  const ask = async (): Promise<void> => {
    const [row] = (await store.rows(SELECT_LEDGERS)) as Record<keyof typeof totals, unknown>[];
    for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name].set(Number(row![name]));
    const [floors] = (await store.rows(SELECT_FLOORS)) as {
      floors: unknown;
      archived: unknown;
      oldest: string | null;
    }[];
    floored.set(Number(floors!.floors));
    archived.set(Number(floors!.archived));
    age.set(floors!.oldest === null ? 0 : Math.max(0, (Date.now() - Date.parse(floors!.oldest)) / 1_000));
    for (const each of [lag, idle, dead]) each.reset();
    for (const each of await consumersOf(store)) {
      const consumer = { consumer: each.name };
      lag.set(consumer, each.lag);
      dead.set(consumer, each.dead);
      if (each.idleMs !== undefined) idle.set(consumer, each.idleMs / 1_000);
    }
  };
  return async () => {
    if (performance.now() - askedAt < DATABASE_MS) return;
    askedAt = performance.now();
    // the store has said why not, and all other metrics are there
    up.set(
      await ask().then(
        () => 1,
        () => 0,
      ),
    );
  };
}
