import { createUnified, type AlterationBody, type Atome, type Where } from '@atome-sync/client';
import { BASE } from './api.js';
import { bytesIn, createKept } from './kept.js';
import { createRate, type Second } from './rate.js';
import { atMostEvery, createValue, type Value } from './value.js';
import type { Workspace } from './workspace.js';

/** Something that was told on the stream. */
export interface Told {
  readonly key: number;
  readonly type: string;
  readonly seq: number;
  readonly atomeId: string;
  readonly timestamp: string;
  readonly atome: Atome | undefined;
  readonly alteration: AlterationBody | undefined;
  readonly superseded: readonly string[];
  /** How long after its commit it was here, in milliseconds; null for what was committed before the stream began. */
  readonly latencyMs: number | null;
}

/** What the stream has told. */
export interface StreamState {
  /** The latest first. */
  readonly told: readonly Told[];
  readonly total: number;
  readonly byType: ReadonlyMap<string, number>;
  readonly isConnected: boolean;
}

/** A stream of its own connection, by a condition that the server judges. */
export interface Stream {
  readonly state: Value<StreamState>;
  /** The last seconds, the latest last. */
  readonly seconds: () => readonly Second[];
  readonly clear: () => void;
  readonly close: () => void;
}

/** What is kept of it: an atome may have a megabyte. */
const KEPT = { count: 1_000, bytes: 4_000_000, bytesOf: bytesIn };
const RENDER_MS = 100;
/** So many of the latest are shown of what was before. */
const BEFORE = 40;

/** Opens a connection that hears everything, the changes of this window too. */
export function openStream({ session, client }: Workspace, where: Where | undefined): Stream {
  const { SyncWebSocket } = createUnified({
    url: BASE,
    ...(session.server.authRequired && { token: (ask: { renew: boolean }) => session.token(ask) }),
    ...(where && { filter: { where } }),
    reconnect: { attempts: Infinity },
  });
  const kept = createKept<Told>(KEPT);
  const rate = createRate();
  let total = 0;
  let made = 0;
  let byType = new Map<string, number>();
  const now = (isConnected: boolean): StreamState => ({
    told: kept.latest(),
    total,
    byType: new Map(byType),
    isConnected,
  });
  const state = createValue(now(false));
  const show = (): void => state.set(now(SyncWebSocket.isConnected()));
  const { call, stop } = atMostEvery(RENDER_MS, show);

  const toldOf = (event: WireEvent, latencyOf: (timestamp: string) => number | null): Told => {
    made += 1;
    const { type, seq, atome, atomeId = atome?.id ?? '', alteration, superseded = [] } = event;
    const timestamp = event.timestamp ?? new Date().toISOString();
    return { key: made, type, seq, atomeId, timestamp, atome, alteration, superseded, latencyMs: latencyOf(timestamp) };
  };
  const take = (event: WireEvent): void => {
    const sinceCommit = Date.now() - (client.status().clockSkewMs ?? 0);
    const told = toldOf(event, (timestamp) => Math.max(0, sinceCommit - Date.parse(timestamp)));
    kept.add(told);
    total += 1;
    byType.set(told.type, (byType.get(told.type) ?? 0) + 1);
    rate.count(told.latencyMs!);
  };
  const listen = SyncWebSocket.onAll((event) => {
    if (event.type.startsWith('atome:')) take(event as unknown as WireEvent);
    call();
  });
  const begin = async (): Promise<void> => {
    // without a filter, what was last is a start; by one, the server would have to look through everything
    const past = where ? [] : await lastEvents(session.api, session.server.seq);
    await SyncWebSocket.connect();
    const known = new Set(kept.latest().map(({ seq }) => seq));
    const before = past.filter(({ seq }) => !known.has(seq)).map((event) => toldOf(event, () => null));
    kept.addBefore(before.reverse());
    show();
  };
  void begin();
  return {
    state,
    seconds: rate.seconds,
    clear() {
      kept.clear();
      total = 0;
      byType = new Map();
      show();
    },
    close() {
      stop();
      listen();
      SyncWebSocket.disconnect();
    },
  };
}

interface WireEvent {
  readonly type: string;
  readonly seq: number;
  readonly atome?: Atome;
  readonly atomeId?: string;
  readonly timestamp?: string;
  readonly alteration?: AlterationBody;
  readonly superseded?: readonly string[];
}

async function lastEvents(api: Workspace['session']['api'], known = 0): Promise<readonly WireEvent[]> {
  try {
    const { seq = known } = await api.get<{ seq?: number }>('api/server-info');
    const { events } = await api.get<{ events: readonly WireEvent[] }>('api/sync/changes', {
      since: Math.max(0, seq - BEFORE),
    });
    return events;
  } catch {
    // it is only what was before
    return [];
  }
}
