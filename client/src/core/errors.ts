import type { ErrorBody, ErrorCode } from '../../../src/protocol/index.js';

/**
 * What can go wrong besides the server's own reasons: no connection, no answer in time, a server or a local store
 * newer than this, a local store that has no space or may not be used.
 */
export type LocalErrorCode = 'offline' | 'timeout' | 'outdated' | 'storage';

/** Every reason for which something can fail. Handle errors by this code, never by their text. */
export type SyncErrorCode = ErrorCode | LocalErrorCode;

/** An error of the SDK or of the server, with a code to switch over and a sentence that says what to do. */
export class SyncError extends Error {
  /** Always this, also where `instanceof` fails between two copies of the SDK. */
  override readonly name = 'SyncError';

  constructor(
    /** What went wrong, to switch over. */
    readonly code: SyncErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Whatever was thrown, as an Error; also what cannot be made a text of. */
export function toError(thrown: unknown): Error {
  try {
    if (thrown instanceof Error) return thrown;
    return new Error(typeof thrown === 'string' ? thrown : (thrown as Error | null)?.message, { cause: thrown });
  } catch {
    // a getter, or a proxy, that throws itself
    return new Error();
  }
}

/** What an answer without a code of its own can mean; not the whole list, which every page would load. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  413: 'too_large',
  429: 'rate_limited',
};

/** The code for an HTTP status. */
export function codeOfStatus(status: number): ErrorCode {
  return CODES[status] ?? (status >= 502 ? 'unavailable' : 'internal');
}

/** Why a write is refused for good without the server's word. */
export function refusal(code: ErrorCode, message: string, status: number): ErrorBody {
  return { code, message, status, retryable: false };
}

/** Whether a status tells of what is wrong with the request itself, and stays so. */
export function isFinalStatus(status: number | undefined): boolean {
  return /^4(?!08|25|29)/.test(String(status));
}
