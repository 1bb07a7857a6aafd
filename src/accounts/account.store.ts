import { numbers } from '../ledger/stores/read-rows.js';
import type { Tables } from '../database/tables.js';

export interface Account {
  /** Opaque; the id of the principal. */
  readonly id: string;
  readonly identifier: string;
  readonly passwordHash: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

const SELECT = `SELECT id, identifier, password_hash AS "passwordHash", created_at AS "createdAt" FROM atome_accounts`;

/** The accounts in the database. What takes a `hash` does nothing when the password is another one meanwhile. */
export class AccountStore {
  /** @param now the time that all servers go by, in milliseconds since 1970. */
  constructor(
    private readonly tables: Tables,
    readonly now: () => number,
  ) {}

  /** @returns false when the identifier is taken. */
  async add({ id, identifier, passwordHash, createdAt }: Account): Promise<boolean> {
    const [rows = []] = await this.tables.transact([
      `INSERT INTO atome_accounts (id, identifier, password_hash, created_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (identifier) DO NOTHING RETURNING id`,
      id,
      identifier,
      passwordHash,
      createdAt,
    ]);
    return rows.length > 0;
  }

  byId(id: string): Promise<Account | undefined> {
    return this.find(`${SELECT} WHERE id = ?`, id);
  }

  byIdentifier(identifier: string): Promise<Account | undefined> {
    return this.find(`${SELECT} WHERE identifier = ?`, identifier);
  }

  /** Ends all sessions but one. @returns those it has ended; undefined when the password was another one. */
  async changePassword(
    { id, passwordHash }: Account,
    to: string,
    keep: string,
    now: number,
  ): Promise<string[] | undefined> {
    const [changed = [], ended = []] = await this.tables.transact(
      [
        'UPDATE atome_accounts SET password_hash = ? WHERE id = ? AND password_hash = ? RETURNING id',
        to,
        id,
        passwordHash,
      ],
      [
        `UPDATE atome_account_sessions SET revoked_at = ? WHERE account_id = ? AND id <> ? AND revoked_at IS NULL
           AND EXISTS (SELECT 1 FROM atome_accounts WHERE id = ? AND password_hash = ?) RETURNING id`,
        now,
        id,
        keep,
        id,
        to,
      ],
    );
    return changed.length > 0 ? idsOf(ended) : undefined;
  }

  /** Ends all sessions. @returns those it has ended; undefined when the password was another one. */
  async remove({ id, passwordHash }: Account, now: number): Promise<string[] | undefined> {
    const [removed = [], ended = []] = await this.tables.transact(
      ['DELETE FROM atome_accounts WHERE id = ? AND password_hash = ? RETURNING id', id, passwordHash],
      [
        `UPDATE atome_account_sessions SET revoked_at = ? WHERE account_id = ? AND revoked_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM atome_accounts WHERE id = ?) RETURNING id`,
        now,
        id,
        id,
      ],
    );
    return removed.length > 0 ? idsOf(ended) : undefined;
  }

  private async find(select: string, value: string): Promise<Account | undefined> {
    const [rows = []] = await this.tables.transact([select, value]);
    const [row] = rows as Account[];
    return row && numbers(row, ['createdAt']);
  }
}

/** Of the rows that a statement has told. */
export function idsOf(rows: readonly unknown[]): string[] {
  return (rows as { id: string }[]).map(({ id }) => id);
}
