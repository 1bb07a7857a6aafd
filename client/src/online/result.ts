import type { ErrorCode, Issue } from '../../../src/protocol/index.js';
import { codeOfStatus, isFinalStatus, type SyncErrorCode } from '../core/errors.js';

/** Why a call was refused, or could not be made. */
export interface Failure {
  /** Tells it from an answer. */
  readonly success: false;
  /** What is wrong and what to do, as a sentence. */
  readonly error: string;
  /** The reason to switch over. */
  readonly code: SyncErrorCode;
  /** HTTP status; not there when no answer came. */
  readonly status?: number;
  /** Whether the same may succeed later, by the server's own word. */
  readonly retryable?: boolean;
  /** Which fields are wrong, when fields are. */
  readonly errors?: readonly Issue[];
}

/** The answer of every call: test `success` first. */
export type Result<T> =
  | ({ readonly success: true; readonly error?: undefined; readonly code?: undefined } & T)
  | (Failure & { readonly [K in Exclude<keyof T, keyof Failure>]?: undefined });

/** A failure as the answer of a call: it has none of what a success has. */
export function failed<T>(failure: Failure): Result<T> {
  return failure as Result<T>;
}

export function failure(code: SyncErrorCode, error: string, more: object = {}): Failure {
  return { ...more, success: false, error, code };
}

/** The failure in an answer of the server, or of something in between that speaks for it. */
export function failureOf(status: number, body: Record<string, unknown>): Failure {
  const text = [body.error, body.detail, body.title].find((part) => typeof part === 'string');
  const code = typeof body.code === 'string' ? (body.code as ErrorCode) : codeOfStatus(status);
  return failure(code, text ?? `the server answered ${status}`, { ...body, status });
}

/**
 * True when the same request may succeed later: by the server's word, which newer codes come with, too; else by the
 * status of what has a code. Where nobody has answered, only a token that cannot be had is final.
 */
export function isRetryable({ code, status, retryable }: Failure): boolean {
  if (code === 'unauthenticated') return false;
  return retryable ?? (code === 'internal' || !isFinalStatus(status));
}
