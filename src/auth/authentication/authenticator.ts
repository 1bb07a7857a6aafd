import { AtomeError, type Principal } from '../../protocol/index.js';
import { ANONYMOUS } from './anonymous.js';

/** Who somebody is, and until when that is known. */
export interface Identity {
  readonly principal: Principal;
  /** Milliseconds since 1970; null for never. */
  readonly expiresAt: number | null;
  /** The session that the token belongs to, where it names one. */
  readonly sessionId?: string;
  /** Which key proved it, where that can be withdrawn. */
  readonly key?: string;
}

/** Turns a token into an identity. */
export abstract class Authenticator {
  /** Whether there is no identity without a token. */
  abstract readonly required: boolean;

  /**
   * At once where that is known already: a promise costs a turn of the microtasks, and most of what a request that waits
   * for one holds in memory.
   * @throws AtomeError `unauthenticated` when the token does not prove who somebody is; or rejects with it.
   */
  abstract authenticate(token: string): Identity | Promise<Identity>;

  /**
   * Whether somebody whose token was good is still who that token said, apart from its time: the key that signed it
   * may have been withdrawn, or the session ended. Asked once a second for each open connection, so it may not wait.
   */
  isCurrent(_identity: Identity): boolean {
    return true;
  }

  /** Looks whether what it trusts has changed; called once a second, before {@link isCurrent}. May not reject. */
  refresh(): Promise<void> {
    return Promise.resolve();
  }
}

/** Only the application says who calls: a token proves nothing. */
export class HostAuthenticator extends Authenticator {
  readonly required = true;

  authenticate(): Promise<Identity> {
    return Promise.reject(
      new AtomeError('unauthenticated', 'tokens are not taken here: the application says who calls'),
    );
  }
}

const ANONYMOUS_IDENTITY: Identity = { principal: ANONYMOUS, expiresAt: null };

/** Authentication is off: everybody is the same, and a token says nothing. */
export class NoAuthenticator extends Authenticator {
  readonly required = false;

  authenticate(): Identity {
    return ANONYMOUS_IDENTITY;
  }
}
