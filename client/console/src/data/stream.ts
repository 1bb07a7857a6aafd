import { createUnified, type AlterationBody, type Atome, type Where } from '@atome-sync/client';
import { BASE } from './api.js';
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

/** One second of the stream. */
export interface Second {
  readonly count: number;
  /** Mean latency; null for a second without events. */
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

const KEPT = 1_000;
const SECONDS = 60;
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
  let told: readonly Told[] = [];
  let total = 0;
  let made = 0;
  let byType = new Map<string, number>();
  const arrivals: { readonly at: number; readonly latencyMs: number }[] = [];
  const state = createValue<StreamState>({ told, total, byType, isConnected: false });
  const show = (): void => state.set({ told, total, byType: new Map(byType), isConnected: SyncWebSocket.isConnected() });
  const { call, stop } = atMostEvery(RENDER_MS, show);

  const take = (event: WireEvent, isBefore: boolean): void => {
    made += 1;
    const at = Date.now();
    const { type, seq, atome, atomeId = atome?.id ?? '', alteration, superseded = [] } = event;
    const timestamp = event.timestamp ?? new Date(at).toISOString();
    const latencyMs = isBefore ? null : Math.max(0, at - (client.status().clockSkewMs ?? 0) - Date.parse(timestamp));
    told = [{ key: made, type, seq, atomeId, timestamp, atome, alteration, superseded, latencyMs }, ...told].slice(0, KEPT);
    if (latencyMs === null) return;
    total += 1;
    byType.set(type, (byType.get(type) ?? 0) + 1);
    arrivals.push({ at, latencyMs });
  };
  const listen = SyncWebSocket.onAll((event) => {
    if (event.type.startsWith('atome:')) take(event as unknown as WireEvent, false);
    call();
  });
  const begin = async (): Promise<void> => {
    // without a filter, what was last is a start; by one, the server would have to look through everything
    const past = where ? [] : await lastEvents(session.api, session.server.seq);
    await SyncWebSocket.connect();
    const known = new Set(told.map(({ seq }) => seq));
    const live = told;
    told = [];
    past.filter(({ seq }) => !known.has(seq)).forEach((event) => take(event, true));
    told = [...live, ...told];
    show();
  };
  void begin();
  return {
    state,
    seconds: () => secondsOf(arrivals),
    clear() {
      told = [];
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

function secondsOf(arrivals: { at: number; latencyMs: number }[]): readonly Second[] {
  const end = Math.floor(Date.now() / 1_000);
  while (arrivals.length > 0 && Math.floor(arrivals[0]!.at / 1_000) < end - SECONDS) arrivals.shift();
  const counts = new Array<number>(SECONDS).fill(0);
  const sums = new Array<number>(SECONDS).fill(0);
  for (const { at, latencyMs } of arrivals) {
    const place = SECONDS - 1 - (end - Math.floor(at / 1_000));
    if (place < 0 || place >= SECONDS) continue;
    counts[place]! += 1;
    sums[place]! += latencyMs;
  }
  return counts.map((count, place) => ({ count, latencyMs: count > 0 ? sums[place]! / count : null }));
}
