import { AtomeError, type Principal } from '../protocol/index.js';
import type { Authenticator, Identity } from '../auth/authentication/authenticator.js';
import { assertRole } from '../auth/authorization/role-permissions.js';
import type { CredentialCheck } from '../auth/authentication/credential-extractor.js';
import type { ConnectionLease } from '../auth/admission/connection-limiter.js';

/** Who is at the other end of a connection, and for how long that is known. */
export class ConnectionIdentity {
  private readonly deadline: NodeJS.Timeout;
  private hasEnded = false;

  /** @param onExpired called when no token has come in time. */
  constructor(
    private readonly authenticator: Authenticator,
    private readonly lease: ConnectionLease,
    authMs: number,
    onExpired: (why: string) => void,
  ) {
    this.deadline = setTimeout(onExpired, authMs, 'no token came in time').unref();
  }

  /** undefined until somebody is known. */
  get principal(): Principal | undefined {
    return this.lease.identity?.principal;
  }

  /** @throws AtomeError `unauthenticated` until somebody is known. */
  requirePrincipal(): Principal {
    if (this.principal) return this.principal;
    throw new AtomeError('unauthenticated', 'send {"type":"auth","token":"…"} first');
  }

  /**
   * Takes a first token, or a newer one of the same principal.
   * @throws AtomeError `unauthenticated`, `forbidden`, or `unavailable` when it cannot be checked just now.
   */
  acceptToken(token: string): Promise<Identity> {
    return this.accept(() => this.authenticator.authenticate(token));
  }

  /** Takes what {@link acceptToken} takes, proved in another way. */
  async accept(prove: CredentialCheck): Promise<Identity> {
    // it came in time; how long it takes to check it is not the client's doing
    clearTimeout(this.deadline);
    const identity = await prove();
    if (this.hasEnded) throw new AtomeError('unauthenticated', 'the connection has ended meanwhile');
    const { principal } = identity;
    const known = this.principal;
    if (known && (known.id !== principal.id || known.tenant !== principal.tenant)) {
      throw new AtomeError('forbidden', 'the token is that of another principal; open a connection for it');
    }
    assertRole(principal, 'read');
    this.lease.assign(identity);
    return identity;
  }

  /** Ends all waiting; nothing is accepted any more. */
  end(): void {
    this.hasEnded = true;
    clearTimeout(this.deadline);
  }
}
