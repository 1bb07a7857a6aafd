import { createHmac, randomUUID } from 'node:crypto';
import { AtomeError } from '../protocol/index.js';
import { hashOf, newRefreshToken, parseRefreshToken, successorOf, textOf } from './refresh-token.js';
import type { Revocations } from './revocations.js';
import type { SessionStore } from './session.store.js';

/** What a login or a refresh has opened or carried on. */
export interface AccountSession {
  readonly id: string;
  readonly accountId: string;
  readonly refreshToken: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** How long a session lasts that nobody refreshes, in milliseconds. */
const SESSION_MS = 30 * 24 * 3_600_000;
/**
 * How long a refresh may be repeated, in milliseconds: two windows of one browser do it at the same moment, and an
 * answer can be lost on its way.
 */
const GRACE_MS = 10_000;

/** Sessions of accounts: opened by a password, carried on by refresh tokens, each of which is good once. */
export class AccountSessions {
  private readonly key: Buffer;

  constructor(
    private readonly store: SessionStore,
    private readonly revocations: Revocations,
    secret: string,
    private readonly warn: (what: string) => void,
  ) {
    // a key of its own, so that no refresh token says anything about a signature
    this.key = createHmac('sha256', secret).update('refresh tokens of atome-sync').digest();
  }

  /** undefined when the password that was checked is that of the account no longer. */
  async open(accountId: string, passwordHash: string): Promise<AccountSession | undefined> {
    const [token, now] = [newRefreshToken(), this.store.now()];
    const session = { id: randomUUID(), accountId, expiresAt: now + SESSION_MS };
    const ended = await this.store.open({ ...session, token }, passwordHash, now);
    this.refuseTokensOf(...(ended ?? []));
    return ended && { ...session, refreshToken: textOf(token) };
  }

  /**
   * A refresh token for a newer one. One that was used before ends the session: it has been copied, and which of the
   * two is the thief cannot be known.
   * @throws AtomeError `unauthenticated`
   */
  async refresh(text: string): Promise<AccountSession> {
    const token = parseRefreshToken(text);
    if (!token) throw refused();
    const [next, now] = [successorOf(token, this.key), this.store.now()];
    const expiresAt = now + SESSION_MS;
    const rotated = await this.store.rotate(token, next, expiresAt, now);
    if (rotated) return { ...rotated, refreshToken: textOf(next), expiresAt };
    const session = await this.store.byFamily(token);
    if (session?.revokedAt !== null || session.expiresAt <= now) throw refused();
    if (session.secretHash === hashOf(next.secret) && now - session.rotatedAt <= GRACE_MS) {
      return { ...session, refreshToken: textOf(next) };
    }
    await this.end(session.id);
    this.warn(`a refresh token of session ${session.id} was used a second time; the session has been ended`);
    throw refused();
  }

  async end(sessionId: string): Promise<void> {
    await this.store.revoke(sessionId, this.store.now());
    this.refuseTokensOf(sessionId);
  }

  /** Refuses the access tokens of sessions that the store has ended. */
  refuseTokensOf(...sessionIds: readonly string[]): void {
    this.revocations.add(...sessionIds);
  }

  /** Ends the session of a refresh token, of whatever age. One that is unknown has ended already. */
  async endBy(text: string): Promise<void> {
    const token = parseRefreshToken(text);
    const session = token && (await this.store.byFamily(token));
    if (session) await this.end(session.id);
  }
}

function refused(): AtomeError {
  return new AtomeError('unauthenticated', 'the refresh token is not good, or no longer; log in again');
}
