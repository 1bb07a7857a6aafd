import { randomBytes } from 'node:crypto';
import type { Tables } from './tables.js';

const BYTES = 32;
const SELECT = `SELECT "secret" FROM atome_secrets WHERE "name" = ?`;
const INSERT = `INSERT INTO atome_secrets ("name", "secret") VALUES (?, ?) ON CONFLICT ("name") DO NOTHING`;

/** A secret that all servers of one database share; the first that asks makes it. */
export async function sharedSecret(tables: Pick<Tables, 'transact' | 'rows'>, name: 'bus' | 'ledger'): Promise<Buffer> {
  let rows = await tables.rows(SELECT, name);
  if (rows.length === 0) {
    const secret = randomBytes(BYTES).toString('base64');
    [, rows = []] = await tables.transact([INSERT, name, secret], [SELECT, name]);
  }
  return Buffer.from((rows as { secret: string }[])[0]!.secret, 'base64');
}
