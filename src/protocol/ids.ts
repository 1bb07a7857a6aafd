/**
 * An atome's id: 1–128 of these characters. Not `list`, which is another call under the same path, and not `.`
 * or `..`, which URLs take away.
 */
export const ID_PATTERN = /^(?!(?:list|\.\.?)$)[A-Za-z0-9_.:-]{1,128}$/;
/**
 * The id of a new atome, and of a parent that a write names: not `null` either, which in the query of a list means no
 * parent. An atome that is called so already stays readable.
 */
export const NEW_ID_PATTERN = /^(?!(?:list|null|\.\.?)$)[A-Za-z0-9_.:-]{1,128}$/;
/** Kind and type: 1–64 of the same characters. */
export const KIND_PATTERN = /^[A-Za-z0-9_.:-]{1,64}$/;
/** An opId or Idempotency-Key: 1–200 visible ASCII characters. */
export const OP_ID_PATTERN = /^[\x21-\x7e]{1,200}$/;

/** The highest version that an atome can have: the ledger keeps 32 bits of it. */
export const MAX_VERSION = 2 ** 31 - 1;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Random bytes for 128 ids at once: a call into the system for each is most of what an id costs. */
const pool = new Uint8Array(128 * 16);
let drawn = pool.length;

/**
 * A UUID version 7 (RFC 9562): the wall clock in front, so that new rows land side by side in the
 * index of ids, and 74 random bits behind it.
 */
export function uuidv7(now: number = Date.now()): string {
  if (drawn === pool.length) {
    crypto.getRandomValues(pool);
    drawn = 0;
  }
  const bytes = pool.subarray(drawn, (drawn += 16));
  for (let i = 5, rest = now; i >= 0; i -= 1, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  let text = '';
  for (let i = 0; i < 16; i += 1) text += (i === 4 || i === 6 || i === 8 || i === 10 ? '-' : '') + HEX[bytes[i]!]!;
  return text;
}
