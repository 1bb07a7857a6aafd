import { AtomeError } from '../../protocol/index.js';

const CONNECTION_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
]);

/** What the callers of the store are told of an error of `pg`. */
export function translate(error: unknown): unknown {
  if (error instanceof AtomeError) return error;
  const { code, message = '' } = error as { code?: unknown; message?: string };
  if (code === '53100') {
    return new AtomeError('storage_full', 'the disk of the database is full; try again when there is space');
  }
  // class 08: connection, 57P: shutdown, 53: out of resources, 40: deadlock or serialization, 55P03: lock timeout
  const passing = typeof code === 'string' && (/^(?:08|57P|53|40|55P03)/.test(code) || CONNECTION_CODES.has(code));
  if (
    passing ||
    /terminated|not queryable|read timeout|timeout exceeded when trying to connect|after calling end/i.test(message)
  ) {
    return new AtomeError('unavailable', 'the database cannot be reached; try again');
  }
  return error;
}
