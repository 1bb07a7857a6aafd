import type { Identity } from '../auth/authentication/authenticator.js';
import type { TicketStore } from '../auth/authentication/tickets.js';
import type { Tables } from '../database/tables.js';

/** Tickets in the database: a DELETE is what makes each of them good for one. */
export class SqlTicketStore implements TicketStore {
  constructor(private readonly tables: Tables) {}

  async put(hash: string, identity: Identity, expiresAt: number): Promise<void> {
    const insert = 'INSERT INTO atome_tickets (hash, identity, expires_at) VALUES (?, ?, ?)';
    await this.tables.transact([insert, hash, JSON.stringify(identity), expiresAt]);
  }

  async take(hash: string, now: number): Promise<Identity | undefined> {
    const [rows = []] = await this.tables.transact([
      'DELETE FROM atome_tickets WHERE hash = ? AND expires_at > ? RETURNING identity',
      hash,
      now,
    ]);
    const [row] = rows as { identity: string }[];
    return row && (JSON.parse(row.identity) as Identity);
  }

  /** Forgets those that nobody came with in time. */
  async sweep(now: number): Promise<void> {
    await this.tables.transact(['DELETE FROM atome_tickets WHERE expires_at <= ?', now]);
  }
}
