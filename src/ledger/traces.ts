import type { AtomeError } from '../protocol/index.js';
import type { Committed, Outcome, WriteOrigin } from './outcome.js';

/** Writes that have been decided together. */
export interface TracedGroup {
  readonly tenant: string;
  readonly writes: readonly { readonly origin: Pick<WriteOrigin, 'trace'>; readonly cameAt: number }[];
  /** What came of each, in their order; an error where none could be decided. */
  readonly outcomes: readonly (Outcome | AtomeError)[] | { readonly error: unknown };
  /** What is told of them, in order of seq. */
  readonly committed: readonly Committed[];
  /** When deciding began, by the clock of `performance`. */
  readonly begun: number;
}

/** An alteration on its way to a durable consumer or a webhook. */
export interface TracedHandling {
  readonly tenant: string;
  readonly seq: number;
  /** Of the consumer, or the webhook. */
  readonly name: string;
  readonly attempt: number;
}

/** One attempt at it. */
export interface TracedAttempt {
  /** What goes on with it, as a header `traceparent` has it; undefined where nobody follows. */
  readonly trace: string | undefined;
  /** Does the work on its behalf. */
  within<T>(work: () => T): T;
  end(hasFailed: boolean): void;
}

/**
 * Follows writes from their callers over group and commit to their readers. On its way a write is known by the text of a
 * header `traceparent`, which goes with its delivery and is not in the ledger.
 */
export interface Traces {
  /** Submits what somebody writes, under the name by which it is followed; undefined where it is not. */
  write<T>(what: string, submit: (trace: string | undefined) => Promise<T>): Promise<T>;
  /** Does what belongs to nobody's call, though somebody's call begins it. */
  apart<T>(work: () => T): T;
  /** Says what came of writes; those that are followed hand the name on to their alterations. */
  decided(group: TracedGroup): void;
  /** Another node has told under which name the alteration at a seq is followed, but not what it is. */
  heard(tenant: string, seq: number, trace: string): void;
  /** Alterations are about to be shown to the readers here. @returns what is to be called when they have been. */
  showing(tenant: string, committed: readonly Committed[]): (() => void) | undefined;
  /** An alteration is about to be handled; undefined where it is not followed, or was committed too long ago. */
  handling(handling: TracedHandling): TracedAttempt | undefined;
}

/** Who follows writes: nobody, unless it is set before the server starts. */
export const tracing: { by?: Traces; onError?: (error: unknown) => void } = {};

/** What whoever follows writes has to do with one on its way; a fault of theirs is not one of the write. */
export function traced<T>(work: (by: Traces) => T): T | undefined {
  const { by } = tracing;
  if (!by) return undefined;
  try {
    return work(by);
  } catch (error) {
    tracing.onError?.(error);
    return undefined;
  }
}
