import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import pg from 'pg';
import { LEDGER_STORE } from '../../../src/ledger/store.js';
import type { TestApp } from '../server/app.js';
import { createFile } from '../databases/databases.js';
import { createDatabase } from '../databases/postgres.js';

/** A database whose disk can be filled up and emptied again under a running server. */
export interface FillableDisk {
  readonly url: string;
  fill(server: TestApp): Promise<void>;
  free(server: TestApp): Promise<void>;
  /** After the server. */
  remove(): Promise<void>;
}

/** Whether this user may mount a disk. */
export function canMount(): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'atome-disk-'));
  try {
    mount(directory);
    unmount(directory);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(directory);
  }
}

/** A real small disk with a SQLite file on it. */
export function smallDisk(): FillableDisk {
  const directory = mkdtempSync(join(tmpdir(), 'atome-disk-'));
  mount(directory);
  const ballast = join(directory, 'ballast');
  return {
    url: `sqlite:${join(directory, 'atome.sqlite')}`,
    fill: async () => writeUntilFull(ballast),
    free: async () => rmSync(ballast),
    remove: async () => {
      unmount(directory);
      rmdirSync(directory);
    },
  };
}

function mount(directory: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', directory], { stdio: 'ignore' });
}

/** Also while a file is still open. */
function unmount(directory: string): void {
  execFileSync('umount', ['--lazy', directory]);
}

/** Page by page, until there is none left. */
export function writeUntilFull(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(4_096));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
}

/** SQLite told to let its file grow no further, which it answers as it answers a full disk. */
export function limitedFile(): FillableDisk {
  const { url, drop } = createFile();
  const limit = (server: TestApp, pages: number): void => {
    const store: unknown = server.app.get(LEDGER_STORE);
    const { db } = (store as { connection: { db: BetterSqlite3.Database } }).connection;
    db.pragma(`max_page_count = ${pages}`);
  };
  return {
    url,
    // never below the number of pages that there are
    fill: async (server) => limit(server, 1),
    free: async (server) => limit(server, 1_000_000),
    remove: drop,
  };
}

/** PostgreSQL that answers every insert as it does on a full disk. */
export async function refusingDatabase(): Promise<FillableDisk> {
  const { url, drop } = await createDatabase();
  const run = async (...statements: string[]): Promise<void> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  };
  return {
    url,
    fill: () =>
      run(
        `CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
         'BEGIN RAISE EXCEPTION ''could not extend file'' USING ERRCODE = ''disk_full''; END'`,
        'CREATE TRIGGER full_disk BEFORE INSERT ON atome.alterations FOR EACH ROW EXECUTE FUNCTION full_disk()',
      ),
    free: () => run('DROP TRIGGER full_disk ON atome.alterations'),
    remove: drop,
  };
}
