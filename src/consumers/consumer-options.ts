import type { EntityManager } from 'typeorm';
import { KIND_PATTERN, type AtomeEvent } from '../protocol/index.js';

/** An event with the tenant in whose ledger it is. */
export type TenantEvent = AtomeEvent & {
  /** Whose ledger it is in. */
  readonly tenant: string;
};

/** A durable consumer: what it is told of, and what happens when it fails. */
export interface ConsumerOptions {
  /** Its name in the database, by which it goes on where it stopped: 1–64 characters of A–Z a–z 0–9 _ . : - */
  readonly consumer: string;
  /** Only atomes of these kinds, or that were of them before the change; left out: of all. */
  readonly kinds?: readonly string[];
  /** Only atomes of these types, or that were of them before the change; left out: of all. */
  readonly types?: readonly string[];
  /** Where a new one begins: with what is written from now on, or at the start of the ledger. Default: `now`. */
  readonly from?: 'now' | 'start';
  /** How often one event is tried before it goes to the dead letters. Default: 8. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt; before each other one twice as many, a minute at most. Default: 1,000. */
  readonly backoffMs?: number;
}

/** A transaction of the database, in which the cursor of the consumer moves too. */
export interface DeliveryTransaction {
  /** Writes in it: rows of the application's own. */
  readonly manager: EntityManager;
}

/** One event on its way to a durable consumer. */
export interface Delivery {
  /** Of the alteration: the same whenever the event is told again, and of no other. Its hash in the chain of the ledger. */
  readonly key: string;
  /** 1 for the first. An attempt that ended with its process does not count. */
  readonly attempt: number;
  /** Aborted when the result will not count: another process has taken over, or this one ends. */
  readonly signal: AbortSignal;
  /** Where the write is traced, a header for what is asked of others on its behalf (W3C Trace Context). The handler runs in that trace. */
  readonly traceparent: string | undefined;
  /**
   * Runs `work` in a transaction that says, too, that the event is handled: all of it is committed, or nothing. Once for
   * each delivery; 5 seconds at most. It needs a database that is not in memory.
   */
  transaction<T>(work: (transaction: DeliveryTransaction) => Promise<T>): Promise<T>;
}

/** Handles one event; what it throws makes it be tried again. */
export type ConsumerCall = (event: TenantEvent, delivery: Delivery) => unknown;

const MOST_ATTEMPTS = 100;

/** What there is to know of a consumer, with every default filled in. */
export interface ResolvedConsumer {
  readonly name: string;
  readonly kinds: ReadonlySet<string> | undefined;
  readonly types: ReadonlySet<string> | undefined;
  readonly fromStart: boolean;
  /** How long to wait after so many attempts, in milliseconds; undefined: no longer. */
  readonly pauseAfter: (attempts: number) => number | undefined;
  readonly call: ConsumerCall;
}

/** Runs the consumers of a process. */
export abstract class ConsumerHost {
  /** @throws Error for a second one of that name. */
  abstract declare(consumer: ResolvedConsumer): void;
  /** Begins. */
  abstract start(): Promise<void>;
}

const LONGEST_MS = 60_000;
const isText = (value: unknown): boolean => typeof value === 'string' && KIND_PATTERN.test(value);
const isTexts = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.every(isText));
const isWhole = (value: unknown, least: number, most: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;

/** @throws Error that names what does not fit. */
export function resolvedConsumer(label: string, options: ConsumerOptions, call: ConsumerCall): ResolvedConsumer {
  const { consumer, kinds, types, from = 'now', attempts = 8, backoffMs = 1_000, ...others } = options;
  const problems = [
    isText(consumer) || 'consumer: expected 1–64 characters of A–Z a–z 0–9 _ . : -',
    isTexts(kinds) || 'kinds: expected an array of kinds',
    isTexts(types) || 'types: expected an array of types',
    ['now', 'start'].includes(from) || "from: expected 'now' or 'start'",
    isWhole(attempts, 1, MOST_ATTEMPTS) || `attempts: expected a whole number from 1 to ${MOST_ATTEMPTS}`,
    isWhole(backoffMs, 1, LONGEST_MS) || `backoffMs: expected a whole number from 1 to ${LONGEST_MS}`,
    ...Object.keys(others).map((name) => `${name}: there is no such option`),
  ].filter((problem) => problem !== true);
  if (problems.length > 0) throw new Error(`@OnAtome of ${label}: ${problems.join('; ')}`);
  return {
    name: consumer,
    kinds: kinds && new Set(kinds),
    types: types && new Set(types),
    fromStart: from === 'start',
    pauseAfter: (tried) => (tried < attempts ? Math.min(backoffMs * 2 ** (tried - 1), LONGEST_MS) : undefined),
    call,
  };
}
