import { AUDIENCE, ISSUER, Issuer, type Claims } from './issuer.js';

export const SECRET = 'a secret of at least thirty-two bytes';

/** Environment of a server that asks for tokens of {@link tokenOf}. */
export const WITH_TOKENS = {
  AUTH: 'jwt',
  AUTH_JWT_SECRET: SECRET,
  AUTH_ISSUER: ISSUER,
  AUTH_AUDIENCE: AUDIENCE,
};

const issuer = Issuer.withSecret(SECRET);

/** A good token of somebody with a role in a tenant, but for the claims given. */
export function tokenOf(role: string, more: Claims = {}): string {
  return issuer.token({ sub: role, roles: [role], ...more });
}

/** Seconds since 1970, from now on. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1_000) + seconds;
}
