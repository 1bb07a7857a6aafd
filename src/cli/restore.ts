import { existsSync, realpathSync } from 'node:fs';
import { copyFile, link, open, rename, rm, stat } from 'node:fs/promises';
import { fileOf } from '../database/data-source.js';
import { errorWords } from '../database/error-words.js';
import { makeSqliteFile } from '../database/sqlite-path.js';
import { DEFAULT_SCHEMA } from '../database/tables.js';
import { isLocked } from '../ledger/stores/sqlite/patience.js';
import { command, Failure } from './command.js';
import { DATABASE_SETTINGS, quoted, verdict, verifyAll, withStore } from './database.js';
import { withoutPassword, withPassword } from './postgres-url.js';

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

  async run({ values, takes: [file = ''], database, print, progress }) {
    const { databaseUrl, databaseSchema = DEFAULT_SCHEMA } = database();
    if (!databaseUrl.startsWith('sqlite:')) {
      const to = `--dbname=${quoted(withoutPassword(databaseUrl))} ${quoted(file)}`;
      const restore = withPassword(databaseUrl, `pg_restore --no-owner --exit-on-error ${to}`);
      print({ command: restore }, `${restore}    # the database must have no schema ${databaseSchema}`);
      return 0;
    }
    const to = fileOf(databaseUrl);
    if (to === undefined) throw new Failure('a database in memory cannot be restored: name a file (DATABASE_URL)');
    const isThere = existsSync(to) && (await stat(to)).size > 0;
    if (isThere && !values.replace)
      throw new Failure(`${to} is there already: say --replace to keep it beside, as ${to}.before`);
    const kept = `${to}.before`;
    if (isThere && existsSync(kept))
      throw new Failure(`${kept} is there already, from a restore before: move it to another place first`);
    if (isThere) await requireUnused(to);
    const part = `${to}.part`;
    if (!existsSync(file)) throw new Failure(`${file}: there is no such file`);
    if ([to, part].some((each) => existsSync(each) && realpathSync(each) === realpathSync(file)))
      throw new Failure(`${file} is in the place of what is restored: give it another name`);
    for (const each of FILES) await rm(part + each, { force: true });
    makeSqliteFile(part);
    await copyFile(file, part);
    // what is put in place is what is looked at; a copy of an earlier version is brought up to date
    const isSound = await withStore(
      { databaseUrl: `sqlite:${part}` },
      (store) => verifyAll(store, (result) => print(result, verdict(result)), progress),
      { migrates: true },
    );
    if (!isSound) {
      await rm(part, { force: true });
      throw new Failure(`${file} is not sound: nothing is restored`);
    }
    await flush(part);
    if (isThere) {
      // somebody may have started the server meanwhile
      await requireUnused(to);
      // there is a database at each moment, so that a start makes no empty one
      await link(to, kept);
      for (const each of FILES.slice(1)) if (existsSync(to + each)) await rename(to + each, kept + each);
    }
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
