import { createHash, createHmac, randomBytes } from 'node:crypto';

/**
 * A refresh token: a half that all tokens of one session share, and a half that is good for one refresh. Whoever shows
 * the first with a second that is not the newest has one that was used before (RFC 9700 §4.14.2), however old it is.
 */
export interface RefreshToken {
  readonly family: string;
  readonly secret: string;
}

/** 256 bits for each half. */
const HALF_CHARS = 43;
/** Two halves in base64url. */
export const REFRESH_TOKEN_PATTERN = /^[\w-]{86}$/;

export function newRefreshToken(): RefreshToken {
  return { family: randomBytes(32).toString('base64url'), secret: randomBytes(32).toString('base64url') };
}

/**
 * The one that comes after. It is computed, with a key that only servers have, so that the same request twice has the
 * same answer, and yet only hashes are stored.
 */
export function successorOf({ family, secret }: RefreshToken, key: Buffer): RefreshToken {
  return { family, secret: createHmac('sha256', key).update(secret).digest('base64url') };
}

export function textOf({ family, secret }: RefreshToken): string {
  return family + secret;
}

/** undefined for what is no refresh token. */
export function parseRefreshToken(text: string): RefreshToken | undefined {
  if (!REFRESH_TOKEN_PATTERN.test(text)) return undefined;
  return { family: text.slice(0, HALF_CHARS), secret: text.slice(HALF_CHARS) };
}

/** What is stored of a half. It is random, so a fast hash is enough. */
export function hashOf(half: string): string {
  return createHash('sha256').update(half).digest('hex');
}
