import { AtomeError, type Limits } from '../../protocol/index.js';
import { valuesIn } from '../json-text.js';
import { bytesOf } from '../row-bytes.js';
import type { PartialAtomeRow } from '../rows.js';
import type { LedgerEntry } from './append-entry.js';

/** How many times as many values as one message an atome may hold. */
const MESSAGES = 10;
/** Each value takes that in JSON, with what parts it from the next. */
const MIN_VALUE_BYTES = 2;

type Documents = Pick<PartialAtomeRow, 'data' | 'meta'>;

/**
 * Holds what a write makes of an atome against the limits. One that is beyond them, since they were wider, can still be
 * made smaller, or deleted.
 * @throws AtomeError `too_large` or `too_complex`.
 */
export function assertResultFits(
  before: Documents | undefined,
  { documentBytes: bytes, atome }: Pick<LedgerEntry, 'documentBytes' | 'atome'>,
  { messageBytes, jsonNodes }: Limits,
): void {
  if (bytes > messageBytes && (!before || bytes > bytesOf(before.data, before.meta))) {
    const text = `the atome "${atome.id}" would take ${bytes} bytes, and ${messageBytes} are allowed; split it into several`;
    throw new AtomeError('too_large', text);
  }
  const most = jsonNodes * MESSAGES;
  if (bytes <= most * MIN_VALUE_BYTES) return;
  const values = valuesOf(atome);
  if (values <= most || (before && values <= valuesOf(before))) return;
  const text = `the atome "${atome.id}" would hold ${values} values, and ${most} are allowed; split it into several`;
  throw new AtomeError('too_complex', text);
}

function valuesOf({ data, meta }: Documents): number {
  return valuesIn(data ?? '') + valuesIn(meta ?? '');
}
