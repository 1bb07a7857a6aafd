import type { IncomingHttpHeaders } from 'node:http';
import { failedPrecondition, isKept, type Selected } from '../ledger/write/preconditions.js';
import { AtomeError } from '../protocol/index.js';
import { parseEntityTags, parsePreconditions } from './preconditions.js';

/**
 * Whether a reader has already what it would be sent, which is then answered 304. An `If-None-Match` that is not by the
 * grammar names nothing: to be sent the whole is never wrong.
 * @throws AtomeError `precondition_failed`; `invalid` for an `If-Match` that is not by the grammar.
 */
export function isNotModified(headers: IncomingHttpHeaders, selected: Selected): boolean {
  const preconditions = parsePreconditions({
    ifMatch: headers['if-match'],
    ifUnmodifiedSince: headers['if-unmodified-since'],
  });
  const failed = preconditions && failedPrecondition(preconditions, selected);
  if (failed !== undefined) throw new AtomeError('precondition_failed', failed, { version: selected.version });
  const kept = parseEntityTags(headers['if-none-match']);
  return kept !== undefined && isKept(kept, selected);
}
