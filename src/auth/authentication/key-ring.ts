import { createHash, createPublicKey, KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { Logger } from '@nestjs/common';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  jwksCache,
  type CryptoKey,
  type JSONWebKeySet,
  type JWK,
  type JWKSCacheInput,
  type JWTVerifyGetKey,
} from 'jose';
import { parseJwks } from './jwks.js';

/**
 * Where the keys come from: one secret that both sides share, or a set of public keys, given or to be fetched. A set
 * that was read from a file is read again when the file changes.
 */
export type KeySource =
  | { readonly secret: string }
  | { readonly jwks: JSONWebKeySet; readonly file?: string | undefined }
  | { readonly jwksUrl: string };

/** The set of keys cannot be had just now: the same token may be good later. */
export class KeysUnavailable extends Error {}

/** The public keys that tokens may be signed with, as far as they are known now. */
export interface KeyRing {
  /** Rejects with {@link KeysUnavailable} when there is no set to look in; else the token names no key that is good. */
  readonly find: JWTVerifyGetKey;
  /** Whether what is known is new enough to be relied on without {@link find}. */
  readonly isFresh: boolean;
  /** By {@link thumbprintOf}. */
  has(thumbprint: string): boolean;
  /** Looks for newer ones, when it is time. May not reject. */
  refresh(): Promise<void>;
}

/** How long the identity provider may take to answer, in milliseconds. */
const JWKS_TIMEOUT_MS = 4_000;
/** How soon it is asked again when it could not tell, in milliseconds. */
const RETRY_MS = 30_000;

const logger = new Logger('Keys');

/** A set that is given, and its file where it has one. */
export class StaticKeyRing implements KeyRing {
  readonly isFresh = true;
  private known: JWTVerifyGetKey;
  private thumbprints: ReadonlySet<string>;
  private seen = '';

  constructor(
    jwks: JSONWebKeySet,
    private readonly file?: string,
  ) {
    this.known = createLocalJWKSet(jwks);
    this.thumbprints = thumbprintsOf(jwks);
  }

  readonly find: JWTVerifyGetKey = (header, token) => this.known(header, token);

  has(thumbprint: string): boolean {
    return this.thumbprints.has(thumbprint);
  }

  async refresh(): Promise<void> {
    if (this.file === undefined) return;
    try {
      const { mtimeMs, size, ino } = await stat(this.file);
      const state = [mtimeMs, size, ino].join();
      if (state === this.seen) return;
      this.seen = state;
      const jwks = parseJwks(await readFile(this.file, 'utf8'));
      this.known = createLocalJWKSet(jwks);
      this.thumbprints = thumbprintsOf(jwks);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== this.seen)
        logger.warn(`the file of keys cannot be used, those before it stay good: ${code ?? message}`);
      if (code !== undefined) this.seen = code;
    }
  }
}

/** A set that an identity provider publishes; fetched when it is first needed, at the latest every ten minutes then. */
export class RemoteKeyRing implements KeyRing {
  private readonly cache: JWKSCacheInput & { uat?: number; jwks?: JSONWebKeySet } = {};
  private readonly remote: ReturnType<typeof createRemoteJWKSet>;
  private thumbprints: ReadonlySet<string> = new Set();
  private known: JWTVerifyGetKey | undefined;
  /** When the set was fetched to which they belong. */
  private knownAt: number | undefined;
  private askedAt = 0;

  constructor(url: string) {
    this.remote = createRemoteJWKSet(new URL(url), { timeoutDuration: JWKS_TIMEOUT_MS, [jwksCache]: this.cache });
  }

  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (!this.isFresh) await this.load();
    try {
      return await this.current(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.remote.coolingDown) throw error;
      // it may be a new one
      await this.load();
      return this.current(header, token);
    }
  };

  get isFresh(): boolean {
    return this.remote.fresh;
  }

  has(thumbprint: string): boolean {
    this.takeOver();
    return this.thumbprints.has(thumbprint);
  }

  /** Those who are connected need no key until they come back, so nobody else may ask. */
  refresh(): Promise<void> {
    const now = Date.now();
    if (this.cache.uat === undefined || this.isFresh || now < this.askedAt + RETRY_MS) return Promise.resolve();
    this.askedAt = now;
    // not waited for: it may take its time
    this.remote.reload().catch((error: unknown) => logger.warn(`the keys cannot be asked for: ${String(error)}`));
    return Promise.resolve();
  }

  private current(...asked: Parameters<JWTVerifyGetKey>): ReturnType<JWTVerifyGetKey> {
    this.takeOver();
    return this.known!(...asked);
  }

  /** What was fetched last. */
  private takeOver(): void {
    const { uat, jwks } = this.cache;
    if (uat === this.knownAt || !jwks) return;
    this.thumbprints = thumbprintsOf(jwks);
    this.known = createLocalJWKSet(jwks);
    this.knownAt = uat;
  }

  private async load(): Promise<void> {
    try {
      await this.remote.reload();
    } catch (cause) {
      throw new KeysUnavailable('the keys of the identity provider cannot be had', { cause });
    }
  }
}

const THUMBPRINTS = new WeakMap<CryptoKey, string>();

/** Names a public key by what it is, whatever name it goes by. */
export function thumbprintOf(key: CryptoKey | Uint8Array): string {
  if (key instanceof Uint8Array) throw new TypeError('a secret is no public key');
  const known = THUMBPRINTS.get(key);
  if (known !== undefined) return known;
  const thumbprint = digest(KeyObject.from(key));
  THUMBPRINTS.set(key, thumbprint);
  return thumbprint;
}

function thumbprintsOf({ keys }: JSONWebKeySet): ReadonlySet<string> {
  return new Set(keys.flatMap((jwk) => digestOf(jwk) ?? []));
}

/** undefined for a key of a kind that is not known here. */
function digestOf(jwk: JWK): string | undefined {
  try {
    return digest(createPublicKey({ key: { ...jwk }, format: 'jwk' }));
  } catch {
    return undefined;
  }
}

function digest(key: KeyObject): string {
  const { kty, crv, x, y, n, e } = key.export({ format: 'jwk' });
  return createHash('sha256')
    .update(JSON.stringify([kty, crv, x, y, n, e]))
    .digest('base64url');
}
