import { randomUUID } from 'node:crypto';
import type { Tables } from './tables.js';

/** In SQL, the clock of the database: milliseconds since 1970. */
export const clockOf = (kind: 'sqlite' | 'postgres'): string =>
  kind === 'sqlite'
    ? `CAST(unixepoch('subsec') * 1000 AS INTEGER)`
    : 'CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)';

/** What one process of all does at a time. Its name begins so that no consumer of an application has it. */
export class Lease {
  readonly owner = randomUUID();
  private readonly now: string;

  constructor(
    private readonly tables: Pick<Tables, 'transact'> & { readonly kind: 'sqlite' | 'postgres' },
    readonly name: `$${string}`,
  ) {
    this.now = clockOf(tables.kind);
  }

  /** Takes it, or keeps it, for so long. @returns whether it is this process's now. */
  async take(ms: number): Promise<boolean> {
    const [, rows = []] = await this.tables.transact(
      [`INSERT INTO atome_consumers (name, owner, expires_at) VALUES (?, '', 0) ON CONFLICT DO NOTHING`, this.name],
      [
        `UPDATE atome_consumers SET owner = ?, expires_at = ${this.now} + ?
          WHERE name = ? AND (owner = ? OR expires_at < ${this.now}) RETURNING name`,
        ...[this.owner, ms, this.name, this.owner],
      ],
    );
    return rows.length > 0;
  }

  /** Lets another have it after so long. */
  async release(afterMs = 0): Promise<void> {
    await this.tables.transact([
      `UPDATE atome_consumers SET owner = '', expires_at = ${this.now} + ? WHERE name = ? AND owner = ?`,
      ...[afterMs, this.name, this.owner],
    ]);
  }
}
