import { invalid } from '../protocol/index.js';

/** A place in the ledger, by seq or by time. */
export type SeqOrTime = { readonly seq: number } | { readonly time: string };

/** Reads a seq, or an ISO 8601 time. @throws AtomeError `invalid`. */
export function parseMoment(text: string, path: string): SeqOrTime {
  if (/^\d{1,15}$/.test(text)) return { seq: Number(text) };
  // the time of day needs a zone, or it would depend on where the server stands
  const time = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/.test(text)
    ? new Date(text)
    : undefined;
  if (time && !Number.isNaN(time.getTime())) return { time: time.toISOString() };
  throw invalid([{ path, message: 'must be a seq, or an ISO 8601 time such as 2026-01-31T12:00:00Z' }]);
}
