import type { Socket } from 'node:net';
import type pg from 'pg';
import type { LockedState } from '../../store.js';
import { StoreError } from '../../store-error.js';
import { PlanFailed } from './postgres.errors.js';

/** `query_timeout` of pg, which its types know for whole clients only. */
export type TimedQuery = pg.QueryConfig & { readonly query_timeout: number };

function streamOf(client: pg.PoolClient): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}

/** Breaks a connection without a word: whoever is silent does not answer a goodbye either. */
export function sever(client: pg.PoolClient): void {
  streamOf(client).destroy();
}

/** Has all that `send` sends over a connection before it waits go out together: what goes out by itself costs a call to the system. */
export function corked<T>(client: pg.PoolClient, send: () => T): T {
  const stream = streamOf(client);
  stream.cork();
  try {
    return send();
  } finally {
    stream.uncork();
  }
}

/** Settings, such as `lock_timeout = 0`, as statements. */
export function setting(verb: 'SET' | 'SET LOCAL', settings: readonly string[]): string {
  return settings.map((each) => `${verb} ${each}`).join('; ');
}

export function unheard(): void {
  // the query that was on its way says it too
}

/** What the plan throws is told apart from what the database says. */
export function planned<P>(plan: (before: LockedState) => P, before: LockedState): P {
  try {
    return plan(before);
  } catch (error) {
    throw new PlanFailed(error);
  }
}

export function isUnavailable(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'unavailable';
}

/** Waits for statements that went out together: the first that fails is the cause of what the later ones say. */
export async function together(statements: readonly Promise<unknown>[]): Promise<void> {
  const settled = await Promise.allSettled(statements);
  const failed = settled.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
  if (failed) throw failed.reason;
}

/** How long a rollback may take, in milliseconds: the tenant's next group waits for it. */
const ROLLBACK_MS = 2_000;

/** The error of a rollback that failed, or undefined. */
export async function rollback(client: pg.PoolClient): Promise<unknown> {
  try {
    await client.query({ text: 'ROLLBACK', query_timeout: ROLLBACK_MS } as TimedQuery);
    return undefined;
  } catch (error) {
    return error;
  }
}
