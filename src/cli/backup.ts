import { copyFile, rename, rm, writeFile } from 'node:fs/promises';
import { fileOf } from '../database/data-source.js';
import { DEFAULT_SCHEMA } from '../database/tables.js';
import { command, Failure } from './command.js';
import { DATABASE_SETTINGS, hasEarlierTables, quoted, requireFree, verdict, verifyAll, withStore } from './database.js';
import { withoutPassword, withPassword } from './postgres-url.js';

/** Pages of the file that are copied in one go. */
const PAGES = 1_000;

export default command({
  name: 'backup',
  about: `Copies the SQLite file in DATABASE_URL as it is at one moment, while the server runs, and walks the hash chains of the copy. For
PostgreSQL it prints the command that dumps the database, which the owner of the tables may run: no superuser is needed.`,
  takes: ['<file>'],
  flags: { replace: { type: 'boolean', help: 'take the place of a file that is there' } },
  settings: DATABASE_SETTINGS,
  failure: 'there is no copy, or it is not sound',

  async run({ values, takes: [file = ''], database, print, progress }) {
    const atome = database();
    const from = fileOf(atome.databaseUrl);
    const isSqlite = atome.databaseUrl.startsWith('sqlite:');
    if (isSqlite) requireFree(file, atome, values.replace);
    // before an update, by the program that is there already
    const isEarlier = await hasEarlierTables(atome);
    if (!isSqlite || from === undefined) {
      const dump = dumpCommand(file, atome.databaseUrl, atome.databaseSchema);
      // refuses what is in memory, and a database that is not there
      if (!isEarlier) await withStore(atome, (store) => store.probe());
      print({ command: dump }, dump);
      return 0;
    }
    const part = `${file}.part`;
    await rm(part, { force: true });
    if (isEarlier) await copy(from, part, progress);
    else await withStore(atome, () => copy(from, part, progress));
    // the copy stays as the database is; what is walked is brought up to date, as restore does it
    const walked = isEarlier ? `${part}.now` : part;
    let isSound: boolean;
    try {
      if (isEarlier) await copyFile(part, walked);
      isSound = await withStore(
        { databaseUrl: `sqlite:${walked}` },
        (store) => verifyAll(store, (result) => print(result, verdict(result)), progress),
        { migrates: isEarlier },
      );
    } finally {
      if (isEarlier) for (const end of ['', '-wal', '-shm']) await rm(walked + end, { force: true });
    }
    if (!isSound) throw new Failure(`the copy is not sound, as the database is not: it is left in ${part}`);
    await rename(part, file);
    print({ file }, `copied to ${file}`);
    return 0;
  },
});

/** In a transaction of its own: what others write meanwhile would have the copy begin again and again. */
async function copy(from: string, to: string, progress: (text?: string) => void): Promise<void> {
  const { default: Driver } = await import('better-sqlite3');
  await writeFile(to, '', { mode: 0o600, flag: 'wx' });
  const db = new Driver(from, { readonly: true });
  try {
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    await db.backup(to, {
      progress: ({ totalPages, remainingPages }) => {
        progress(`${totalPages - remainingPages} of ${totalPages} pages`);
        return PAGES;
      },
    });
    progress();
  } finally {
    db.close();
  }
}

/** The owner of the tables is bound by row-level security: the setting lets them read the rows of all tenants. */
export function dumpCommand(file: string, databaseUrl: string, schema = DEFAULT_SCHEMA): string {
  const tables = `--schema=${schema} --exclude-table='${schema}.search_*'`;
  const options = `--enable-row-security --format=custom ${tables} --file=${quoted(file)}`;
  const dump = `pg_dump ${options} --dbname=${quoted(withoutPassword(databaseUrl))}`;
  return withPassword(databaseUrl, `PGOPTIONS='-c atome.dump=on' ${dump}`);
}
