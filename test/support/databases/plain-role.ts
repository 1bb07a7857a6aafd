import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Database } from './databases.js';
import { createDatabase } from './postgres.js';

/** An empty PostgreSQL database whose owner is no superuser: row-level security binds nobody else. */
export async function createOwnedDatabase(server?: {
  readonly url: string;
}): Promise<Database & { readonly adminUrl: string }> {
  const { url: adminUrl, drop } = await createDatabase(server);
  const role = `atome_role_${randomUUID().replaceAll('-', '')}`;
  const password = randomUUID();
  const url = new URL(adminUrl);
  const database = url.pathname.slice(1);
  const maintenance = new URL(adminUrl);
  maintenance.pathname = '/postgres';
  await run(adminUrl, [
    `CREATE ROLE ${role} LOGIN NOSUPERUSER PASSWORD '${password}'`,
    `ALTER DATABASE ${database} OWNER TO ${role}`,
    `GRANT ALL ON SCHEMA public TO ${role}`,
  ]);
  [url.username, url.password] = [role, password];
  return {
    url: url.href,
    adminUrl,
    drop: async () => {
      await drop();
      await run(maintenance.href, [`DROP ROLE ${role}`]);
    },
  };
}

async function run(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
