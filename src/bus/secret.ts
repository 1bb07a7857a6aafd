import { randomBytes } from 'node:crypto';
import type { Tables } from '../database/tables.js';

const BYTES = 32;

/** The secret that all servers of one database share; the first that asks makes it. */
export async function busSecret(tables: Pick<Tables, 'transact'>): Promise<Buffer> {
  const [, rows = []] = await tables.transact(
    [
      `INSERT INTO atome_secrets ("name", "secret") VALUES ('bus', ?) ON CONFLICT ("name") DO NOTHING`,
      randomBytes(BYTES).toString('base64'),
    ],
    [`SELECT "secret" FROM atome_secrets WHERE "name" = 'bus'`],
  );
  return Buffer.from((rows as { secret: string }[])[0]!.secret, 'base64');
}
