import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

/** Another number whenever messages take another form: servers of two versions do not hear each other then. */
const FORM = Buffer.from('atome-sync bus 1');
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 16;
const TAG_BYTES = 16;
/** Each message has a key of its own. */
const IV = Buffer.alloc(12);

/** How many bytes of JSON a text of so many characters may hold. */
export function bytesIn(chars: number): number {
  return Math.floor((chars * 3) / 4) - NONCE_BYTES - TAG_BYTES - 3;
}

/**
 * Makes messages unreadable, and unforgeable, for whoever else is on the bus: a hash that continues the chain can be computed
 * by anybody who sees the chain, and a presence is the data of a tenant. AES-256-GCM (NIST SP 800-38D) with a key for each
 * message, HMAC-SHA-256 of a nonce by the secret that the servers of one database share.
 */
export class MessageCipher {
  constructor(private readonly secret: Buffer) {}

  seal(json: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.keyOf(nonce), IV).setAAD(FORM);
    return Buffer.concat([nonce, cipher.update(json, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64');
  }

  /** @returns undefined for what no server of this database and form has sealed. */
  open(text: string): unknown {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(CIPHER, this.keyOf(bytes.subarray(0, NONCE_BYTES)), IV)
      .setAAD(FORM)
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    const body = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
    try {
      return JSON.parse(Buffer.concat([body, decipher.final()]).toString('utf8')) as unknown;
    } catch {
      return undefined; // forged
    }
  }

  private keyOf(nonce: Buffer): Buffer {
    return createHmac('sha256', this.secret).update(nonce).digest();
  }
}
