import { createClient, createUnified, type Atome, type Client, type Status, type UnifiedAtome } from '@atome-sync/client';
import type { Session } from '../session/session.js';
import { BASE } from './api.js';
import { createValue, type Value } from './value.js';

/** How it stands with the server, and since when. */
export interface Standing {
  readonly status: Status;
  /** Since when it is, or is not, connected: epoch milliseconds. */
  readonly since: number;
  readonly isUp: boolean;
}

/** What all views work with: a client of the SDK that holds a copy, and the calls that ask the server. */
export interface Workspace {
  readonly session: Session;
  readonly client: Client;
  /** Reads of the server: history, earlier versions, what is deleted. */
  readonly remote: UnifiedAtome;
  readonly standing: Value<Standing>;
  /** Atomes that others have changed just now, with when. */
  readonly lit: Value<ReadonlyMap<string, number>>;
  /** Last word of the server on why it will not have us; '' while it does. */
  readonly refusal: Value<string>;
  /** Whether the copy is whole: until then it may be only a part. */
  readonly isComplete: Value<boolean>;
}

/** How long a change of others stays lit, in milliseconds. */
export const LIT_MS = 2_400;

/** Connects, and stays connected. The copy is in memory: nothing of it is left when the window is closed. */
export function openWorkspace(session: Session): Workspace {
  const { token, server } = session;
  const access = server.authRequired ? { token: (ask: { renew: boolean }) => token(ask) } : {};
  const client = createClient({ url: BASE, ...access });
  const { UnifiedAtome } = createUnified({ url: BASE, ...access });
  const standing = createValue(standingOf(client.status(), undefined));
  const refusal = createValue('');
  const isComplete = createValue(false);
  client.on('sync:status', (status) => standing.set(standingOf(status, standing.get())));
  client.on('sync:error', ({ error }) => {
    if (client.status().state === 'stopped') refusal.set(error.message);
  });
  void client.ready().then(
    () => isComplete.set(true),
    (error: unknown) => refusal.set(error instanceof Error ? error.message : String(error)),
  );
  addEventListener('beforeunload', (event) => {
    if (client.status().pending > 0) event.preventDefault();
  });
  return { session, client, remote: UnifiedAtome, standing, lit: litOf(client), refusal, isComplete };
}

function standingOf(status: Status, before: Standing | undefined): Standing {
  const isUp = status.state === 'live' || status.state === 'catching-up';
  return { status, isUp, since: before?.isUp === isUp ? before.since : Date.now() };
}

function litOf(client: Client): Value<ReadonlyMap<string, number>> {
  const lit = createValue<ReadonlyMap<string, number>>(new Map());
  client.on('*', (event) => {
    if (!event.type.startsWith('atome:')) return;
    const { atome, atomeId = atome?.id } = event as { readonly atome?: Atome; readonly atomeId?: string };
    if (atomeId === undefined || client.status().state !== 'live') return;
    const now = Date.now();
    const recent = [...lit.get()].filter(([id, at]) => id !== atomeId && now - at < LIT_MS);
    lit.set(new Map([...recent, [atomeId, now]]));
  });
  return lit;
}

/** Tries to connect at once, as when the device is online again. */
export function tryNow(): void {
  dispatchEvent(new Event('online'));
}
