import type { Issue, JsonObject } from './json.js';

/**
 * The closed list of reasons for which anything is refused, in every call and message. Handling an error is a
 * switch over its code, never a comparison of texts. `retryable`: the same request may succeed later.
 */
export const ERRORS = {
  invalid: { status: 400, retryable: false },
  invalid_json: { status: 400, retryable: false },
  too_complex: { status: 400, retryable: false },
  unknown_type: { status: 400, retryable: false },
  unauthenticated: { status: 401, retryable: false },
  forbidden: { status: 403, retryable: false },
  not_found: { status: 404, retryable: false },
  method_not_allowed: { status: 405, retryable: false },
  exists: { status: 409, retryable: false },
  conflict: { status: 409, retryable: false },
  op_reused: { status: 409, retryable: false },
  patch_failed: { status: 409, retryable: false },
  reset: { status: 409, retryable: false },
  gone: { status: 410, retryable: false },
  precondition_failed: { status: 412, retryable: false },
  too_large: { status: 413, retryable: false },
  unsupported_media_type: { status: 415, retryable: false },
  rate_limited: { status: 429, retryable: true },
  quota_exceeded: { status: 429, retryable: true },
  internal: { status: 500, retryable: true },
  unavailable: { status: 503, retryable: true },
  storage_full: { status: 507, retryable: true },
} as const satisfies Record<string, { status: number; retryable: boolean }>;

/** One of the codes of {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS;

/** An error on the wire: in a `nack`, and the source of a problem+json answer. */
export interface ErrorBody {
  /** What to decide by. */
  readonly code: ErrorCode;
  /** A sentence for people that says what to do; it may change. */
  readonly message: string;
  /** The status of HTTP that stands for the code. */
  readonly status: number;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** More about it, by code: `errors`, `version`, `retryAfter` in milliseconds … */
  readonly details?: JsonObject;
}

/** A refusal with a code from {@link ERRORS} and a sentence that says what to do. */
export class AtomeError extends Error {
  /** Tells it from other errors, also across copies of this package. */
  override readonly name = 'AtomeError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details?: JsonObject,
  ) {
    super(message);
  }

  /** The status of HTTP that stands for the code. */
  get status(): number {
    return ERRORS[this.code].status;
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  /** As it goes over the wire. */
  toBody(): ErrorBody {
    const { code, message, status, retryable, details } = this;
    return { code, message, status, retryable, ...(details && { details }) };
  }
}

/** Most bad fields that one error names, and most characters of a path: what comes back stays small. */
const MAX_ISSUES = 20;
export const MAX_PATH_CHARS = 200;

/** The error for input with one or more bad fields; all of them are named, up to {@link MAX_ISSUES}. */
export function invalid(issues: readonly Issue[], code: 'invalid' | 'too_complex' = 'invalid'): AtomeError {
  const errors = issues.slice(0, MAX_ISSUES).map(({ path, message }) => ({
    path: path.slice(0, MAX_PATH_CHARS),
    message,
  }));
  const text = errors.map(({ path, message }) => `${path || 'the value'} ${message}`).join('; ');
  const more = issues.length > errors.length ? `; and ${issues.length - errors.length} more` : '';
  return new AtomeError(code, text + more, { errors });
}
