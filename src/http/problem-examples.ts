import { AtomeError, ERRORS, type ErrorCode, type JsonObject } from '../protocol/index.js';
import { NOTE_ID } from './openapi-examples.js';
import { toProblem, type Problem } from './problem.js';

type Example = readonly [message: string, details?: JsonObject];

/** A refusal with each code, as it may be met. */
const EXAMPLES: Record<ErrorCode, Example> = {
  invalid: [
    'kind must be 1–64 characters of A–Z a–z 0–9 _ . : -',
    { errors: [{ path: 'kind', message: 'must be 1–64 characters of A–Z a–z 0–9 _ . : -' }] },
  ],
  invalid_json: ['the body is not valid JSON: it ends too early; correct it'],
  too_complex: ['data is nested deeper than 32', { errors: [{ path: 'data', message: 'is nested deeper than 32' }] }],
  unknown_type: ['there is no message "nonsense"; see docs/protocol/websocket.md for those there are'],
  unauthenticated: ['this call needs a token; send Authorization: Bearer …'],
  forbidden: ['you may not write here: it needs the role writer'],
  not_found: [`there is no atome "${NOTE_ID}"`],
  method_not_allowed: ['PROPFIND is not possible here; the header Allow tells what is'],
  exists: [`there is already another atome "${NOTE_ID}"; alter it, or create one with another id`, { version: 2 }],
  conflict: ['the tenant has as many webhooks as it may have; delete one first'],
  op_reused: ['this Idempotency-Key names another write; use another key'],
  patch_failed: ['the test at /title fails; read the atome again'],
  reset: [
    'the cursor cannot be continued: future; start again from the snapshot',
    { reason: 'future', epoch: NOTE_ID, head: 9 },
  ],
  gone: [`the atome "${NOTE_ID}" is deleted; restore it first`, { version: 3 }],
  precondition_failed: ['the atome is at version 3; read it again and repeat', { version: 3 }],
  too_large: ['the body is larger than the server accepts; split it into several requests'],
  unsupported_media_type: ['the body is of a type that is not understood here; send application/json'],
  rate_limited: ['50 requests a second are allowed; wait, then repeat', { retryAfter: 420 }],
  quota_exceeded: ['the tenant has as many atomes as it may have; erase some'],
  internal: ['something went wrong in the server; it has been logged, try again'],
  unavailable: ['the database does not answer; try again'],
  storage_full: ['the disk of the server is full; try again later'],
};

/** A refusal as it is answered. */
export function problemExample(code: ErrorCode): Problem {
  const [message, details] = EXAMPLES[code];
  return toProblem(new AtomeError(code, message, details), `/api/atome/${NOTE_ID}`);
}

/** Codes by the status that stands for them. */
export function byStatus(codes: readonly ErrorCode[]): Map<number, ErrorCode[]> {
  const statuses = new Map<number, ErrorCode[]>();
  for (const code of codes) statuses.set(ERRORS[code].status, [...(statuses.get(ERRORS[code].status) ?? []), code]);
  return statuses;
}
