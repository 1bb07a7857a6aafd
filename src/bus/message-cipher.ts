import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

/** Another number whenever what is sent takes another form: servers of two versions run beside each other. */
const FORM = 'atome-sync 1';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 16;
const TAG_BYTES = 16;
/** Each message has a key of its own. */
const IV = Buffer.alloc(12);

/** So many characters are made of so many bytes of JSON, about. */
export function sealedChars(bytes: number): number {
  return Math.ceil(((bytes + NONCE_BYTES + TAG_BYTES) * 4) / 3) + 4;
}

/**
 * Makes what is sent unreadable, and unforgeable, for whoever else is on the bus: a hash that continues the chain can be
 * computed by anybody who sees the chain. AES-256-GCM (NIST SP 800-38D) with a key for each message, HMAC-SHA-256 of a nonce
 * by the secret that the servers of one database share.
 */
export class MessageCipher {
  constructor(private readonly secret: Buffer) {}

  /**
   * @param json what is to be said.
   * @param line what it goes with, in the clear: it is taken with that alone.
   */
  seal(json: string, line: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.keyOf(nonce), IV).setAAD(Buffer.from(FORM + line));
    return Buffer.concat([nonce, cipher.update(json, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64');
  }

  /** @returns undefined for what no server of this database and form has sent with this line. */
  open(text: string, line: string): unknown {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(CIPHER, this.keyOf(bytes.subarray(0, NONCE_BYTES)), IV)
      .setAAD(Buffer.from(FORM + line))
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
