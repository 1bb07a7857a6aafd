import { readFileSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import pg from 'pg';

/*
 * Databases as the version before left them, which kept its tables among those of others: an account "alice", a ledger of
 * nine alterations in the tenant "acme" and one of one in "other".
 */

const read = (name: string): string => readFileSync(new URL(`./earlier/${name}.sql`, import.meta.url), 'utf8');

/** Fills an empty database with one of that version, and runs what its owner adds to it. */
export async function fillAsBefore(databaseUrl: string, ...more: readonly string[]): Promise<void> {
  const isFile = databaseUrl.startsWith('sqlite:');
  await run(databaseUrl, read(isFile ? 'sqlite' : 'postgres'), ...more);
}

/** Runs statements as somebody else who uses the database; resolves with the rows of the last. */
export async function run(databaseUrl: string, ...statements: readonly string[]): Promise<unknown[]> {
  return databaseUrl.startsWith('sqlite:')
    ? runInFile(databaseUrl.slice('sqlite:'.length), statements)
    : runInServer(databaseUrl, statements);
}

function runInFile(path: string, statements: readonly string[]): unknown[] {
  const db = new BetterSqlite3(path);
  try {
    const last = statements.at(-1)!;
    for (const statement of statements.slice(0, -1)) db.exec(statement);
    if (last.startsWith('SELECT')) return db.prepare(last).all();
    db.exec(last);
    return [];
  } finally {
    db.close();
  }
}

async function runInServer(connectionString: string, statements: readonly string[]): Promise<unknown[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    let rows: unknown[] = [];
    for (const statement of statements) ({ rows } = await client.query(statement));
    return rows;
  } finally {
    await client.end();
  }
}
