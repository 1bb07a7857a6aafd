import { createHmac } from 'node:crypto';

/** What the servers of the bench are told to sign with. */
export const SECRET = 'only-for-benchmarks-0123456789abcdef';

/**
 * A JSON Web Token (HS256) that is good for a day.
 * @param {string} tenant
 * @param {string} [sub]
 */
export function token(tenant, sub = 'bench') {
  const now = Math.floor(Date.now() / 1_000);
  const part = (/** @type {object} */ value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub, tenant, roles: ['admin'], iat: now, exp: now + 86_400 })}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}
