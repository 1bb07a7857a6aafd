import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { JWK } from 'jose';

export type Claims = Readonly<Record<string, unknown>>;
export type Sign = (input: string) => Buffer;

/** What keys of public kind there are. */
export const KEY_ALGORITHMS = ['EdDSA', 'ES256', 'RS256'] as const;
export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number];

export const ISSUER = 'https://id.example';
export const AUDIENCE = 'atome-sync';

/** What a good token says. */
export function claims(more: Claims = {}): Claims {
  const now = Math.floor(Date.now() / 1_000);
  const who = { sub: 'alice', tenant: 'acme', roles: ['writer'] };
  return { iss: ISSUER, aud: AUDIENCE, ...who, iat: now, exp: now + 600, ...more };
}

/** A JSON Web Token made by hand, so that it can be wrong in any way. Texts are taken as they are, as JSON. */
export function forge(header: unknown, payload: unknown, signature: Sign): string {
  const input = [header, payload].map((part) => base64url(typeof part === 'string' ? part : JSON.stringify(part)));
  return [...input, signature(input.join('.')).toString('base64url')].join('.');
}

export function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

export function hmac(secret: string | Buffer, hash = 'sha256'): Sign {
  return (input) => createHmac(hash, secret).update(input).digest();
}

/** Somebody who signs tokens with a key of its own. */
export class Issuer {
  private constructor(
    readonly header: Claims,
    readonly sign: Sign,
    /** undefined for a secret. */
    readonly publicKey?: KeyObject,
  ) {}

  static withSecret(secret: string): Issuer {
    return new Issuer({ alg: 'HS256', typ: 'JWT' }, hmac(secret));
  }

  static withKey(alg: KeyAlgorithm, kid: string): Issuer {
    const { publicKey, privateKey } = keyPair(alg);
    const hash = alg === 'EdDSA' ? null : 'sha256';
    const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
    return new Issuer({ alg, typ: 'JWT', kid }, (input) => sign(hash, Buffer.from(input), key), publicKey);
  }

  /** The public key, as a key set lists it. */
  get jwk(): JWK {
    const { kid, alg } = this.header as { kid: string; alg: string };
    return { ...(createPublicKey(this.pem).export({ format: 'jwk' }) as JWK), kid, alg, use: 'sig' };
  }

  get pem(): string {
    return this.publicKey!.export({ type: 'spki', format: 'pem' }) as string;
  }

  /** A good token, but for what is said here. */
  token(more: Claims = {}, header: Claims = {}): string {
    return forge({ ...this.header, ...header }, claims(more), this.sign);
  }
}

function keyPair(alg: KeyAlgorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519');
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return generateKeyPairSync('rsa', { modulusLength: 2_048 });
}
