import { existsSync } from 'node:fs';
import { copyFile, open, rename, rm, stat } from 'node:fs/promises';
import { fileOf } from '../database/data-source.js';
import { errorWords } from '../database/error-words.js';
import { makeSqliteFile } from '../database/sqlite-path.js';
import { DEFAULT_SCHEMA } from '../database/tables.js';
import { isLocked } from '../ledger/stores/sqlite/patience.js';
import { command, Failure } from './command.js';
import { DATABASE_SETTINGS, quoted, verdict, verifyAll, withStore } from './database.js';

/** The files of a database, and those of its index of searches, which is made again. */
const FILES = ['', '-wal', '-shm'];
const INDEX = ['-search', '-search-wal', '-search-shm'];

export default command({
  name: 'restore',
  about: `Puts a copy that atome-sync backup has made in the place of the SQLite file in DATABASE_URL, once its hash chains have been
walked. Stop the server first. Clients that have seen more than the copy knows are told, and take its state. For PostgreSQL it
prints the command that restores a dump into an empty database.`,
  takes: ['<file>'],
  flags: { replace: { type: 'boolean', help: 'a database that is there is kept beside, as <its name>.before' } },
  settings: DATABASE_SETTINGS,
  failure: 'the database is as it was',

  async run({ values, takes: [file = ''], config, print, progress }) {
    const { databaseUrl, databaseSchema = DEFAULT_SCHEMA } = config().atome;
    if (!databaseUrl.startsWith('sqlite:')) {
      const restore = `pg_restore --no-owner --exit-on-error --dbname="$DATABASE_URL" ${quoted(file)}`;
      print({ command: restore }, `${restore}    # the database must have no schema ${databaseSchema}`);
      return 0;
    }
    const to = fileOf(databaseUrl);
    if (to === undefined) throw new Failure('a database in memory cannot be restored: name a file (DATABASE_URL)');
    if (existsSync(to) && (await stat(to)).size > 0) {
      if (!values.replace)
        throw new Failure(`${to} is there already: say --replace to keep it beside, as ${to}.before`);
      await requireUnused(to);
    }
    const isSound = await withStore({ databaseUrl: `sqlite:${file}` }, (store) =>
      verifyAll(store, (result) => print(result, verdict(result)), progress),
    );
    if (!isSound) throw new Failure(`${file} is not sound: nothing is restored`);
    const part = `${to}.part`;
    await rm(part, { force: true });
    makeSqliteFile(part);
    await copyFile(file, part);
    await flush(part);
    for (const each of FILES) if (existsSync(to + each)) await rename(to + each, `${to}.before${each}`);
    for (const each of INDEX) await rm(to + each, { force: true });
    await rename(part, to);
    print({ file: to }, `restored to ${to}`);
    return 0;
  },
});

/** Ends the log of a database, which can be done only where nobody else has it open; one that is broken is in nobody's use. @throws Failure */
async function requireUnused(path: string): Promise<void> {
  const { default: Driver } = await import('better-sqlite3');
  const db = new Driver(path, { timeout: 0 });
  try {
    db.pragma('journal_mode = DELETE');
  } catch (error) {
    if (!isLocked(error)) return;
    throw new Failure(`${path} is in use (${errorWords(error)}): stop the server first`, { cause: error });
  } finally {
    db.close();
  }
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r+');
  await file.sync();
  await file.close();
}
