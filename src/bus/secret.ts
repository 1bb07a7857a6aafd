import { randomBytes } from 'node:crypto';
import type { Tables } from '../database/tables.js';

const BYTES = 32;
const SELECT = `SELECT "secret" FROM atome_secrets WHERE "name" = 'bus'`;
const INSERT = `INSERT INTO atome_secrets ("name", "secret") VALUES ('bus', ?) ON CONFLICT ("name") DO NOTHING`;

/** The secret that all servers of one database share; the first that asks makes it. */
export async function busSecret(tables: Pick<Tables, 'transact' | 'rows'>): Promise<Buffer> {
  let rows = await tables.rows(SELECT);
  if (rows.length === 0)
    [, rows = []] = await tables.transact([INSERT, randomBytes(BYTES).toString('base64')], [SELECT]);
  return Buffer.from((rows as { secret: string }[])[0]!.secret, 'base64');
}
