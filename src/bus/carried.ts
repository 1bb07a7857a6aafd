import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { Committed } from '../ledger/outcome.js';

/** What travels with a hint: what was committed last, in order of seq. */
export type Carried = readonly Committed[];

/** Most that is carried with one hint, in characters of its alterations and their atomes. */
const MAX_CHARS = 16_384;
/** Another number whenever what is carried takes another form: servers of two versions run beside each other. */
const FORM = 'atome-sync committed 1';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 16;
const TAG_BYTES = 16;
/** Each message has a key of its own. */
const IV = Buffer.alloc(12);

/**
 * Makes what is carried unreadable, and unforgeable, for whoever else is on the bus: a hash that continues the chain can be
 * computed by anybody who sees the chain. AES-256-GCM (NIST SP 800-38D) with a key for each message, HMAC-SHA-256 of a nonce
 * by the secret that the servers of one database share.
 */
export class Carrier {
  constructor(private readonly secret: Buffer) {}

  /** @param hint what it goes with: it is taken with that alone. @returns undefined for what is too much. */
  pack(committed: Carried, hint: string): string | undefined {
    if (charsOf(committed) > MAX_CHARS) return undefined;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.keyOf(nonce), IV).setAAD(Buffer.from(FORM + hint));
    const body = cipher.update(JSON.stringify(committed), 'utf8');
    return Buffer.concat([nonce, body, cipher.final(), cipher.getAuthTag()]).toString('base64');
  }

  /** @returns undefined for what no server of this database and form has sent with this hint. */
  unpack(text: string, hint: string): Carried | undefined {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(CIPHER, this.keyOf(bytes.subarray(0, NONCE_BYTES)), IV)
      .setAAD(Buffer.from(FORM + hint))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    const body = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
    try {
      return JSON.parse(Buffer.concat([body, decipher.final()]).toString('utf8')) as Carried;
    } catch {
      return undefined; // forged
    }
  }

  private keyOf(nonce: Buffer): Buffer {
    return createHmac('sha256', this.secret).update(nonce).digest();
  }
}

function charsOf(committed: Carried): number {
  return committed.reduce((sum, { size, previousSize = 0 }) => sum + size + previousSize, 0);
}
