import { HttpException } from '@nestjs/common';
import { AtomeError, CloseCode, ERRORS, type ErrorCode, type JsonValue } from '../protocol/index.js';

/** Problem details (RFC 9457) with the members of our own that clients read, and `requestId` where the request has a name. */
export interface Problem {
  /** `urn:atome-sync:error:` and the code. */
  type: string;
  /** The code, for people. */
  title: string;
  /** The status of HTTP. */
  status: number;
  /** A sentence that says what to do; it may change. */
  detail: string;
  /** Path that was asked for. */
  instance: string;
  success: false;
  /** The same as `detail`. */
  error: string;
  /** What to decide by. */
  code: ErrorCode;
  /** Whether the same request may succeed later. */
  retryable: boolean;
  /** More about it, by code: `errors`, `version`, `retryAfter` in milliseconds … */
  [member: string]: JsonValue;
}

export const PROBLEM_JSON = 'application/problem+json; charset=utf-8';

/** Any error as a refusal with a code; what we did not expect becomes `internal`, without its text. */
export function toAtomeError(error: unknown): AtomeError {
  if (error instanceof AtomeError) return error;
  const status = statusOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const code = CODE_BY_STATUS.get(status);
  if (code !== undefined) return new AtomeError(code, ADVICE[code] ?? message);
  if (status >= 400 && status < 500) return new AtomeError('invalid', message);
  return new AtomeError('internal', 'something went wrong in the server; it has been logged, try again');
}

/** How long a fault of the server's own lasts at the least, in milliseconds: a disk takes somebody to make room. */
const RETRY_MS: Partial<Record<ErrorCode, number>> = { unavailable: 1_000, storage_full: 10_000 };

/** Seconds after which a repetition is worth it, for the header of that name; undefined when nothing says so. */
export function retryAfterOf({ code, details }: AtomeError): string | undefined {
  const wait = details?.retryAfter ?? RETRY_MS[code];
  return typeof wait === 'number' ? String(Math.ceil(wait / 1_000)) : undefined;
}

/** How a connection ends that cannot go on after an error. */
export function closeCodeOf(error: unknown): CloseCode {
  const { code } = toAtomeError(error);
  if (code === 'unauthenticated') return CloseCode.UNAUTHENTICATED;
  if (code === 'rate_limited') return CloseCode.TOO_MANY;
  return code === 'forbidden' ? CloseCode.FORBIDDEN : CloseCode.RESTART;
}

export function toProblem(error: AtomeError, instance: string, requestId?: string): Problem {
  const { code, message, status, retryable, details } = error;
  return {
    type: `urn:atome-sync:error:${code}`,
    title: code === 'gone' && details?.archivedTo !== undefined ? 'In an archive' : TITLES[code],
    status,
    detail: message,
    instance,
    ...(requestId !== undefined && { requestId }),
    success: false,
    error: message,
    code,
    retryable,
    ...details,
  };
}

/** The status that Nest or Fastify has given to an error. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const { statusCode } = error as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : 500;
}

const CODE_BY_STATUS: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [ERRORS.unauthenticated.status, 'unauthenticated'],
  [ERRORS.forbidden.status, 'forbidden'],
  [ERRORS.not_found.status, 'not_found'],
  [ERRORS.method_not_allowed.status, 'method_not_allowed'],
  [ERRORS.too_large.status, 'too_large'],
  [ERRORS.unsupported_media_type.status, 'unsupported_media_type'],
  [ERRORS.rate_limited.status, 'rate_limited'],
  [ERRORS.unavailable.status, 'unavailable'],
  // of an interceptor that waits no longer, or of what the application stands in front of: it may be sent again
  [408, 'unavailable'],
  [502, 'unavailable'],
  [504, 'unavailable'],
]);

export const NOTHING_HERE = 'there is nothing at this address; /api/docs shows what there is';

const ADVICE: Partial<Record<ErrorCode, string>> = {
  not_found: NOTHING_HERE,
  too_large: 'the body is larger than the server accepts; split it into several requests',
  unsupported_media_type: 'the body is of a type that is not understood here; send application/json',
};

const TITLES: Record<ErrorCode, string> = {
  invalid: 'Invalid input',
  invalid_json: 'Not valid JSON',
  too_complex: 'Too deep or too many values',
  unknown_type: 'Unknown message',
  unauthenticated: 'Not authenticated',
  forbidden: 'Forbidden',
  not_found: 'Not found',
  method_not_allowed: 'Method not allowed',
  exists: 'Exists already',
  conflict: 'Conflict',
  op_reused: 'opId used for another write',
  patch_failed: 'Patch does not fit',
  reset: 'Cursor cannot be continued',
  gone: 'Deleted',
  precondition_failed: 'Precondition failed',
  too_large: 'Too large',
  unsupported_media_type: 'Unsupported media type',
  rate_limited: 'Too many requests',
  quota_exceeded: 'Quota exceeded',
  internal: 'Internal error',
  unavailable: 'Not available',
  storage_full: 'Storage full',
};
