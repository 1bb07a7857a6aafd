import { numbers } from '../ledger/stores/read-rows.js';
import { idsOf } from './account.store.js';
import type { Tables } from '../database/tables.js';
import type { RefreshToken } from './refresh-token.js';
import { hashOf } from './refresh-token.js';
import type { Revoked } from './revocations.js';

/** What is known of a session. Times in milliseconds since 1970. */
export interface SessionRow {
  readonly id: string;
  readonly accountId: string;
  readonly secretHash: string;
  readonly rotatedAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
}

export interface NewSession {
  readonly id: string;
  readonly accountId: string;
  readonly token: RefreshToken;
  readonly expiresAt: number;
}

/** How many sessions an account has at once: each is kept for a month. */
const MOST_SESSIONS = 1_000;

const SELECT = `SELECT id, account_id AS "accountId", secret_hash AS "secretHash", rotated_at AS "rotatedAt",
  expires_at AS "expiresAt", revoked_at AS "revokedAt" FROM atome_account_sessions WHERE family_hash = ?`;

/** The sessions of accounts in the database. */
export class SessionStore {
  /** @param now the time that all servers go by, in milliseconds since 1970. */
  constructor(
    private readonly tables: Tables,
    readonly now: () => number,
  ) {}

  /**
   * Ends the oldest sessions of the account where there are many.
   * @returns those; undefined when the account has another password than the one that was checked, or has gone.
   */
  async open(
    { id, accountId, token, expiresAt }: NewSession,
    passwordHash: string,
    now: number,
  ): Promise<string[] | undefined> {
    const [, rows = [], ended = []] = await this.tables.transact(
      // takes the row's lock: a change of the password is either seen here, or sees this session
      [
        'UPDATE atome_accounts SET password_hash = password_hash WHERE id = ? AND password_hash = ?',
        accountId,
        passwordHash,
      ],
      [
        `INSERT INTO atome_account_sessions (id, account_id, family_hash, secret_hash, rotated_at, expires_at)
         SELECT CAST(? AS varchar(36)), id, CAST(? AS varchar(64)), CAST(? AS varchar(64)), CAST(? AS bigint), CAST(? AS bigint)
         FROM atome_accounts WHERE id = ? AND password_hash = ? RETURNING id`,
        id,
        hashOf(token.family),
        hashOf(token.secret),
        now,
        expiresAt,
        accountId,
        passwordHash,
      ],
      [
        `UPDATE atome_account_sessions SET revoked_at = ? WHERE id IN (SELECT id FROM atome_account_sessions
           WHERE account_id = ? AND revoked_at IS NULL ORDER BY rotated_at DESC, id LIMIT 1000 OFFSET ${MOST_SESSIONS}) RETURNING id`,
        now,
        accountId,
      ],
    );
    return rows.length > 0 ? idsOf(ended) : undefined;
  }

  /** Puts one token in the place of another. @returns the session; undefined unless that other was the newest. */
  async rotate(
    from: RefreshToken,
    to: RefreshToken,
    expiresAt: number,
    now: number,
  ): Promise<Pick<SessionRow, 'id' | 'accountId'> | undefined> {
    const [rows = []] = await this.tables.transact([
      `UPDATE atome_account_sessions SET secret_hash = ?, rotated_at = ?, expires_at = ?
       WHERE family_hash = ? AND secret_hash = ? AND revoked_at IS NULL AND expires_at > ?
       RETURNING id, account_id AS "accountId"`,
      hashOf(to.secret),
      now,
      expiresAt,
      hashOf(from.family),
      hashOf(from.secret),
      now,
    ]);
    return (rows as Pick<SessionRow, 'id' | 'accountId'>[])[0];
  }

  async byFamily({ family }: RefreshToken): Promise<SessionRow | undefined> {
    const [rows = []] = await this.tables.transact([SELECT, hashOf(family)]);
    const [row] = rows as SessionRow[];
    return (
      row && numbers(row, row.revokedAt === null ? ['rotatedAt', 'expiresAt'] : ['rotatedAt', 'expiresAt', 'revokedAt'])
    );
  }

  async revoke(id: string, now: number): Promise<void> {
    await this.tables.transact([
      'UPDATE atome_account_sessions SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL',
      now,
      id,
    ]);
  }

  async revokedSince(time: number): Promise<Revoked[]> {
    const select = 'SELECT id, revoked_at AS "revokedAt" FROM atome_account_sessions WHERE revoked_at > ?';
    const [rows = []] = await this.tables.transact([select, time]);
    return (rows as Revoked[]).map((row) => numbers(row, ['revokedAt']));
  }

  /** Forgets those that ended by themselves before `now`, and those that were ended before `revokedBefore`. */
  async sweep(now: number, revokedBefore: number): Promise<void> {
    await this.tables.transact(
      ['DELETE FROM atome_account_sessions WHERE expires_at <= ? AND revoked_at IS NULL', now],
      ['DELETE FROM atome_account_sessions WHERE revoked_at <= ?', revokedBefore],
    );
  }
}
