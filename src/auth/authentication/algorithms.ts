import type { JWK } from 'jose';

/** What tokens are signed with by a shared secret: those of accounts and of `atome-sync token`, too. */
export const SECRET_ALGORITHM = 'HS256';

interface KeyKind extends Required<Pick<JWK, 'kty'>> {
  /** As it stands in the documentation. */
  readonly name: string;
  /** As a token may call it. */
  readonly algorithms: readonly string[];
  /** The curve; left out: there is none. */
  readonly crv?: string;
}

/** The public keys that tokens are verified with; all that goes by an algorithm is made of this list. */
export const KEY_KINDS: readonly KeyKind[] = [
  { name: 'EdDSA', algorithms: ['EdDSA', 'Ed25519'], kty: 'OKP', crv: 'Ed25519' },
  { name: 'ES256', algorithms: ['ES256'], kty: 'EC', crv: 'P-256' },
  { name: 'RS256', algorithms: ['RS256'], kty: 'RSA' },
];

export function isUsable({ kty, crv }: JWK): boolean {
  return KEY_KINDS.some((kind) => kind.kty === kty && (kind.crv === undefined || kind.crv === crv));
}
