import BetterSqlite3 from 'better-sqlite3';
import pg from 'pg';

const TABLES = ['ledgers', 'alterations', 'atomes', 'receipts', 'propagations'];

/** Keeps a copy of a ledger's tables beside them, and puts it back under whoever is using them. */
export interface Rewind {
  keep(): Promise<void>;
  putBack(): Promise<void>;
  close(): Promise<void>;
}

export async function openRewind(databaseUrl: string): Promise<Rewind> {
  const isFile = databaseUrl.startsWith('sqlite:');
  const { run, close } = isFile ? openFile(databaseUrl.slice('sqlite:'.length)) : await openServer(databaseUrl);
  const ours = isFile ? 'atome_' : 'atome.';
  return {
    keep: () => run(TABLES.map((table) => `CREATE TABLE kept_${table} AS SELECT * FROM ${ours}${table}`)),
    putBack: () =>
      run(
        TABLES.flatMap((table) => [
          `DELETE FROM ${ours}${table}`,
          `INSERT INTO ${ours}${table} SELECT * FROM kept_${table}`,
        ]),
      ),
    close,
  };
}

interface Connection {
  /** Runs all statements in one transaction. */
  readonly run: (statements: readonly string[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

function openFile(path: string): Connection {
  const db = new BetterSqlite3(path);
  return {
    run: async (statements) => db.transaction(() => statements.forEach((statement) => db.exec(statement))).immediate(),
    close: async () => {
      db.close();
    },
  };
}

async function openServer(url: string): Promise<Connection> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return {
    run: async (statements) => {
      await client.query(`BEGIN; ${statements.join('; ')}; COMMIT`);
    },
    close: () => client.end(),
  };
}
