import { AtomeError, isObject, type AtomeState, type JsonValue, type Limits } from '../../protocol/index.js';
import type { LedgerEntry } from './append-entry.js';
import { bytesOf } from '../row-bytes.js';

/** How many times as many values as one message an atome may hold. */
const MESSAGES = 10;
/** Each value takes that in JSON, with what parts it from the next. */
const MIN_VALUE_BYTES = 2;

type Document = Pick<AtomeState, 'data' | 'meta'>;

/**
 * Holds what a write makes of an atome against the limits. One that is beyond them, since they were wider, can still be
 * made smaller, or deleted.
 * @throws AtomeError `too_large` or `too_complex`.
 */
export function assertResultFits(
  before: Document | undefined,
  after: Document & Pick<AtomeState, 'id'>,
  { documentBytes: bytes, atome }: Pick<LedgerEntry, 'documentBytes' | 'atome'>,
  { messageBytes, jsonNodes }: Limits,
): void {
  if (bytes > messageBytes && bytes > documentBytes(before)) {
    const text = `the atome "${after.id}" would take ${bytes} bytes, and ${messageBytes} are allowed; split it into several`;
    throw new AtomeError('too_large', text);
  }
  const most = jsonNodes * MESSAGES;
  if (bytes <= most * MIN_VALUE_BYTES || mostValuesIn(atome.data) + mostValuesIn(atome.meta) <= most) return;
  const values = valuesOf(after);
  if (values <= most || (before && values <= valuesOf(before))) return;
  const text = `the atome "${after.id}" would hold ${values} values, and ${most} are allowed; split it into several`;
  throw new AtomeError('too_complex', text);
}

function documentBytes(document: Document | undefined): number {
  return document ? bytesOf(JSON.stringify(document.data), JSON.stringify(document.meta)) : 0;
}

/** As many values as there may be in a JSON text, which is cheaper to look through than what it says. */
function mostValuesIn(json: string): number {
  let most = 1;
  for (const mark of ',{[') for (let at = json.indexOf(mark); at >= 0; at = json.indexOf(mark, at + 1)) most += 1;
  return most;
}

function valuesOf({ data, meta }: Document): number {
  return countValues(data) + countValues(meta);
}

function countValues(value: JsonValue): number {
  let values = 1;
  if (Array.isArray(value)) for (const each of value) values += countValues(each);
  else if (isObject(value)) for (const key in value) values += countValues(value[key]!);
  return values;
}
