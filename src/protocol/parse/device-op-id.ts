import { OP_ID_PATTERN } from '../ids.js';
import { canonicalJson } from '../json.js';
import type { RequestedChange } from '../operations.js';
import type { Fields } from './fields.js';

const DEVICE_PATTERN = /^[\x21-\x7e]{1,100}$/;
const TIME_PATTERN = /^[\x21-\x7e]{1,40}$/;

/**
 * The opId of a write by the original client, which names it by device and time, so that the REST call and its echo on
 * the socket are one write. What it changes is in the name too: a device can write twice in one millisecond.
 */
export function takeDeviceOpId(fields: Fields, atomeId: string, change: RequestedChange): string | null {
  const device = fields.textOr('deviceId', DEVICE_PATTERN, '1–100 visible ASCII characters', null);
  const timestamp = fields.raw('timestamp');
  if (timestamp === undefined || timestamp === null) return null;
  const text = typeof timestamp === 'number' ? String(timestamp) : timestamp;
  if (typeof text !== 'string' || !TIME_PATTERN.test(text)) {
    fields.fail('timestamp', 'must be a time, as a number or a text');
    return null;
  }
  // what is refused anyway needs no name, and is not walked
  if (device === null || fields.issues.length > 0) return null;
  const opId = `${device}/${text}/${atomeId}/${digestOf([change.operation, change.changes])}`;
  return OP_ID_PATTERN.test(opId) ? opId : null;
}

/** Whether an opId is one that {@link takeDeviceOpId} has made for a write to an atome. */
export function isDeviceOpId(opId: string, atomeId: string): boolean {
  return opId.slice(0, opId.lastIndexOf('/')).endsWith(`/${atomeId}`);
}

/** 53 bits (cyrb53) of a value, whatever the order of its keys. Two that meet cost one of them a refusal. */
function digestOf(value: unknown): string {
  const text = canonicalJson(value);
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  const first = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  const second = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(first ^ (first >>> 13), 3266489909);
  return (4294967296 * (2097151 & second) + (first >>> 0)).toString(36);
}
