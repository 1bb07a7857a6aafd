import type { Statement } from '../database/tables.js';
import type { Committed } from '../ledger/outcome.js';
import type { ConsumerCall } from './consumer-options.js';

/** Names a cursor: whose it is, in whose ledger. */
export interface LaneName {
  readonly name: string;
  readonly tenant: string;
}

/** How far a consumer has come in the ledger of a tenant. */
export interface CursorRow {
  readonly seq: number;
  /** How often the next alteration has failed. */
  readonly attempts: number;
  /** 1: it is not time yet for another attempt. */
  readonly isWaiting: number;
  /** 1: there are dead letters that somebody wants to be tried again. */
  readonly hasDue: number;
}

/** What has become of an event at one attempt. */
export interface Outcome {
  readonly committed: Committed;
  readonly attempts: number;
  /** What it has failed with; left out: it is handled. */
  readonly error?: unknown;
  /** After how many milliseconds it is tried again; left out: no more. */
  readonly pauseMs?: number | undefined;
}

/** The events of one ledger on their way to one handler, one after the other. */
export interface Lane extends LaneName {
  readonly takes: (committed: Committed) => boolean;
  /** How long to wait after so many attempts, in milliseconds; undefined: no longer. */
  readonly pauseAfter: (attempts: number, error?: unknown) => number | undefined;
  readonly call: ConsumerCall;
  /** What else is committed with what has become of an event. */
  readonly record?: (outcome: Outcome) => Statement[];
}

/** Lanes under one lease: they may come and go. */
export interface Lanes {
  /** Of the lease. */
  readonly name: string;
  /** How many are told at once; of one tenant, a quarter of that. */
  readonly atOnce: number;
  /** After so many milliseconds the end gives up what is under way, which is told again; left out: after 10 seconds. */
  readonly graceMs?: number;
  /** Whatever there must be in the database first. */
  register(): Promise<void>;
  /** Those with something to do. */
  pending(): Promise<LaneName[]>;
  /** Those that want to know of a commit. */
  concerned(tenant: string, committed: readonly Committed[]): readonly LaneName[];
  /** One as it is now; undefined when there is none by that name. */
  lane(name: LaneName): Promise<Lane | undefined>;
  /** Makes the cursor that a lane has not yet; undefined: it is not to have one. */
  begin(name: LaneName): Promise<CursorRow | undefined>;
}
