import { SignJWT } from 'jose';
import { SECRET_ALGORITHM } from '../auth/authentication/algorithms.js';
import type { JwtOptions } from '../auth/authentication/jwt.authenticator.js';
import type { AccountOptions } from '../config/module-options.js';

export interface AccessToken {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Signs what {@link JwtAuthenticator} verifies: short-lived tokens of accounts (RFC 9068). */
export class AccessTokens {
  private readonly key: Uint8Array;

  constructor(
    private readonly jwt: JwtOptions,
    secret: string,
    private readonly options: AccountOptions,
    private readonly now: () => number,
  ) {
    this.key = new TextEncoder().encode(secret);
  }

  async issue(accountId: string, sessionId: string): Promise<AccessToken> {
    const { tenantClaim, rolesClaim, issuer, audience } = this.jwt;
    const { tenancy, role, accessTokenSeconds } = this.options;
    const now = Math.floor(this.now() / 1_000);
    const exp = now + accessTokenSeconds;
    const tenant = tenancy === 'own' ? accountId : 'default';
    const token = new SignJWT({ [tenantClaim]: tenant, [rolesClaim]: [role], sid: sessionId })
      .setProtectedHeader({ alg: SECRET_ALGORITHM, typ: 'at+jwt' })
      .setSubject(accountId)
      .setIssuedAt(now)
      .setExpirationTime(exp);
    if (issuer !== undefined) token.setIssuer(issuer);
    if (audience !== undefined) token.setAudience(audience);
    return { token: await token.sign(this.key), expiresAt: exp * 1_000 };
  }
}
