import { hash, verify } from '@node-rs/argon2';
import { siteOf } from '../auth/admission/client-address.js';
import { FairSlots, type SlotLimits } from '../auth/admission/fair-slots.js';
import { AtomeError } from '../protocol/index.js';

const MIN_CHARS = 10;
const MAX_BYTES = 1_024;

/** Hashes passwords and compares them, however many at once. */
export interface Hasher {
  hash(password: string): Promise<string>;
  verify(hashed: string, password: string): Promise<boolean>;
}

/** argon2id, which is the default, with the parameters of OWASP's Password Storage Cheat Sheet: 19 MiB, two passes. */
const ARGON2: Hasher = {
  hash: (password) => hash(password, { memoryCost: 19_456, timeCost: 2, parallelism: 1 }),
  verify: (hashed, password) => verify(hashed, password),
};

/**
 * Two hashes at once: each takes a core and 19 MiB, and a thread of the four that Node has for such work. Addresses take turns
 * within their sites, and sites: who logs in much waits for themselves. Of one address as many wait as take about five seconds.
 */
const LIMITS: SlotLimits = {
  slots: { all: 2, tenant: 2, principal: 2 },
  waiting: { all: 4_096, tenant: 1_024, principal: 256 },
  patienceMs: 30_000,
};

/**
 * A password as it is hashed. Its length counts and nothing else (NIST SP 800-63B §3.1.1.2); the keyboards of one
 * user may compose the same letter in different ways, hence NFKC.
 * @throws AtomeError `invalid`
 */
export function parsePassword(input: unknown): string {
  const password = typeof input === 'string' && input.length <= MAX_BYTES ? input.normalize('NFKC') : '';
  if (Array.from(password).length < MIN_CHARS || Buffer.byteLength(password) > MAX_BYTES || !isText(password)) {
    throw new AtomeError('invalid', `must be text of at least ${MIN_CHARS} characters, and at most ${MAX_BYTES} bytes`);
  }
  return password;
}

/** Half a surrogate pair is no character: encoded, all of them would be the same. */
function isText(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** Hashes passwords, a few at once: logins may be slow, the feed beside them may not. An address is whose turn it is. */
export class Passwords {
  private readonly slots = new FairSlots('logins', LIMITS);
  private readonly decoy: Promise<string>;

  constructor(private readonly hasher: Hasher = ARGON2) {
    this.decoy = hasher.hash('the password of nobody');
  }

  hash(password: string, address: string): Promise<string> {
    return this.inTurn(address, () => this.hasher.hash(password));
  }

  /**
   * Whether it is the password of a hash; of no hash it never is, which takes as long.
   * @param before called when its turn has come; what it throws comes instead.
   */
  async verify(
    password: string,
    hashed: string | undefined,
    address: string,
    before: () => void = () => undefined,
  ): Promise<boolean> {
    const against = hashed ?? (await this.decoy);
    const isRight = await this.inTurn(address, () => {
      before();
      return this.hasher.verify(against, password.normalize('NFKC'));
    });
    return isRight && hashed !== undefined;
  }

  private inTurn<T>(address: string, work: () => Promise<T>): Promise<T> {
    return this.slots.use({ tenant: siteOf(address) ?? address, principal: address }, work);
  }
}
