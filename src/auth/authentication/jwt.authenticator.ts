import { errors, jwtVerify, type JWTPayload, type JWTVerifyOptions, type JWTVerifyResult } from 'jose';
import { AtomeError, type Principal } from '../../protocol/index.js';
import { KEY_KINDS, SECRET_ALGORITHM } from './algorithms.js';
import { Authenticator, type Identity } from './authenticator.js';
import { hasDuplicateKeys } from './duplicate-json-keys.js';
import {
  StaticKeyRing,
  KeysUnavailable,
  RemoteKeyRing,
  thumbprintOf,
  type KeyRing,
  type KeySource,
} from './key-ring.js';
import { isGroupName, isPrincipalId, isTenantName } from './principal.js';
import { isRole } from '../authorization/roles.js';
import { TokenCache } from './token-cache.js';

export type { KeySource } from './key-ring.js';

/** What tokens are verified with, and what they must say. */
export interface JwtOptions {
  /** The secret or the public keys; they also decide which algorithms are possible. */
  readonly keys: KeySource;
  /** What `iss` must be; left out: it is not looked at. */
  readonly issuer?: string | undefined;
  /** What `aud` must be, or contain; left out: it is not looked at. */
  readonly audience?: string | undefined;
  /** Claim that names the tenant. */
  readonly tenantClaim: string;
  /** Claim that lists the roles. */
  readonly rolesClaim: string;
  /** Claim that lists the groups; default `groups`. */
  readonly groupsClaim?: string;
}

/** A longer token is refused before anything decodes it. */
const MAX_TOKEN_CHARS = 8_192;
/** How far clocks may be apart, in seconds. */
const CLOCK_TOLERANCE_S = 5;
/** The last time that a `Date` can hold, in seconds since 1970. */
const MAX_TIME_S = 8.64e12;
// What a token may say it is (RFC 7519 §5.1, RFC 9068 §2.1); an ID token or a logout token is no access token.
const TYPES: ReadonlySet<unknown> = new Set([undefined, 'jwt', 'application/jwt', 'at+jwt', 'application/at+jwt']);

type VerifiedToken = JWTVerifyResult & { readonly key?: string };

/**
 * Verifies JSON Web Tokens (RFC 7519, with the advice of RFC 8725). Which algorithms are possible is decided by
 * the kind of key that is configured, never by the token.
 */
export class JwtAuthenticator extends Authenticator {
  readonly required = true;
  private readonly keys: Uint8Array | KeyRing;
  private readonly verified = new TokenCache();
  private readonly verifyOptions: JWTVerifyOptions;
  private readonly claims: Pick<JwtOptions, 'tenantClaim' | 'rolesClaim' | 'groupsClaim'>;

  /**
   * @param onUnusableKey told why a key that a token names cannot be used, such as one that is too short.
   * @param now by which tokens expire, in milliseconds since 1970.
   */
  constructor(
    { keys, issuer, audience, ...claims }: JwtOptions,
    private readonly onUnusableKey: (why: string) => void = () => undefined,
    private readonly now: () => number = Date.now,
  ) {
    super();
    this.keys = keysOf(keys);
    this.claims = claims;
    this.verifyOptions = {
      algorithms: 'secret' in keys ? [SECRET_ALGORITHM] : KEY_KINDS.flatMap(({ algorithms }) => algorithms),
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: ['sub', 'exp'],
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    };
  }

  authenticate(token: string): Identity | Promise<Identity> {
    const known = this.verified.get(token);
    if (known && this.isStillValid(known)) return known;
    this.verified.delete(token);
    return this.verifyToken(token);
  }

  private async verifyToken(token: string): Promise<Identity> {
    if (!isWellFormed(token)) throw refused('it is not a signed JSON Web Token');
    const { payload, protectedHeader, key } = await this.verifySignature(token);
    const { typ } = protectedHeader as { typ?: unknown };
    if (!TYPES.has(typeof typ === 'string' ? typ.toLowerCase() : typ)) throw refused('it is not an access token');
    if (isAmbiguous(token)) throw refused('it says something twice');
    const identity = {
      principal: this.principalOf(payload),
      expiresAt: expiryOf(payload, this.now()),
      ...sessionOf(payload),
      ...(key && { key }),
    };
    this.verified.set(token, identity);
    return identity;
  }

  override isCurrent({ key }: Identity): boolean {
    return key === undefined || this.keys instanceof Uint8Array || this.keys.has(key);
  }

  override refresh(): Promise<void> {
    return this.keys instanceof Uint8Array ? Promise.resolve() : this.keys.refresh();
  }

  /** Whether a token that was good is good still, without checking its signature again. */
  private isStillValid(identity: Identity): boolean {
    const isFresh = this.keys instanceof Uint8Array || this.keys.isFresh;
    return isFresh && this.now() < identity.expiresAt! && this.isCurrent(identity);
  }

  private async verifySignature(token: string): Promise<VerifiedToken> {
    try {
      const options = { ...this.verifyOptions, currentDate: new Date(this.now()) };
      if (this.keys instanceof Uint8Array) return await jwtVerify(token, this.keys, options);
      const { key, ...verified } = await jwtVerify(token, this.keys.find, options);
      return { ...verified, key: thumbprintOf(key) };
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw refused('it has expired; renew it');
      if (error instanceof KeysUnavailable) {
        throw Object.assign(new AtomeError('unavailable', `${error.message}; try again`), { cause: error.cause });
      }
      if (isFaultOfKey(error)) this.onUnusableKey(error instanceof Error ? error.message : String(error));
      throw refused('it is not valid here');
    }
  }

  private principalOf(payload: JWTPayload): Principal {
    const { sub } = payload as { sub?: unknown };
    const tenant = payload[this.claims.tenantClaim];
    const roles = payload[this.claims.rolesClaim];
    if (!isPrincipalId(sub)) throw refused('its sub cannot be the id of a principal');
    if (!isTenantName(tenant)) {
      throw refused(`its claim "${this.claims.tenantClaim}" does not name a tenant`);
    }
    const list = listOf(roles);
    if (!list) throw refused(`its claim "${this.claims.rolesClaim}" does not list roles`);
    // roles that mean something to others are theirs
    const groups = this.groupsOf(payload);
    return { id: sub, tenant, roles: list.filter(isRole), ...(groups.length > 0 && { groups }) };
  }

  private groupsOf(payload: JWTPayload): string[] {
    const claim = this.claims.groupsClaim ?? 'groups';
    const groups = payload[claim] === undefined ? [] : listOf(payload[claim]);
    if (!groups) throw refused(`its claim "${claim}" does not list groups`);
    // no right can name another
    return groups.filter(isGroupName);
  }
}

/** A list, or a text with spaces or commas between. */
function listOf(claim: unknown): unknown[] | undefined {
  if (typeof claim === 'string') return claim.split(/[ ,]+/);
  return Array.isArray(claim) ? (claim as unknown[]) : undefined;
}

function keysOf(source: KeySource): Uint8Array | KeyRing {
  if ('secret' in source) return new TextEncoder().encode(source.secret);
  return 'jwks' in source ? new StaticKeyRing(source.jwks, source.file) : new RemoteKeyRing(source.jwksUrl);
}

/** Three parts of base64url, each written in the one way there is to write it (RFC 4648 §3.5). */
function isWellFormed(token: string): boolean {
  if (token.length > MAX_TOKEN_CHARS || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return false;
  return token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);
}

function isAmbiguous(token: string): boolean {
  const [header = '', payload = ''] = token.split('.');
  return [header, payload].some((part) => hasDuplicateKeys(Buffer.from(part, 'base64url').toString()));
}

function expiryOf({ exp, iat = 0 }: JWTPayload, now: number): number {
  if (exp! > MAX_TIME_S) throw refused('its exp is not a time');
  // one of the two clocks is wrong then, and the expiry says nothing
  if (iat > now / 1_000 + CLOCK_TOLERANCE_S) throw refused('it was issued in the future');
  // a NumericDate may have a fraction (RFC 7519 §2), times in the database have none
  return Math.floor(exp! * 1_000);
}

/** OpenID Connect has the claim too; what is no text names no session. */
function sessionOf({ sid }: JWTPayload): Pick<Identity, 'sessionId'> {
  return typeof sid === 'string' ? { sessionId: sid } : {};
}

/** A key that is too short, malformed or private is found out only when a token names it. */
function isFaultOfKey(error: unknown): boolean {
  return !(error instanceof errors.JOSEError) || error instanceof errors.JWKSInvalid;
}

function refused(why: string): AtomeError {
  return new AtomeError('unauthenticated', `the token is refused: ${why}`);
}
