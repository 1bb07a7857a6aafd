import { accessSync, constants, realpathSync, statSync, type Stats } from 'node:fs';
import type BetterSqlite3 from 'better-sqlite3';
import { StoreError, type Fault, type Report } from '../../store-error.js';
import { Overwriting, type Overwritten } from './overwriting.js';
import { READ_ONLY } from './sqlite.errors.js';

/** How often the file is looked at while nothing is written, in milliseconds. */
const LOOK_MS = 500;
const OTHERS_MAY = 0o007;

interface Part extends Pick<Stats, 'dev' | 'ino'> {
  readonly path: string;
}

/**
 * The files of an open SQLite database. Whoever removes, renames, replaces or overwrites one of them parts the server from
 * what the next start will find; SQLite itself writes on, and does not notice.
 */
export class SqliteFile {
  /** The file, its log and the index of the log; none of a database in memory. */
  private readonly parts: readonly Part[];
  private readonly overwriting: Overwriting | undefined;
  private readonly timer: NodeJS.Timeout | undefined;
  private overwritten: Overwritten | undefined;
  private isLost = false;

  /** @param db an open database in WAL mode, or one in memory, of which nothing can be lost. */
  constructor(
    db: BetterSqlite3.Database,
    private readonly report: Report,
  ) {
    this.parts = db.memory ? [] : partsOf(db);
    if (this.parts.length === 0) return;
    this.overwriting = new Overwriting(
      this.parts.map(({ path }) => path),
      () => this.find(),
    );
    this.check();
    this.timer = setInterval(() => this.watch(), LOOK_MS).unref();
  }

  /**
   * Runs a transaction, and makes sure that what it has committed is where the next start looks for it. After the
   * commit: whatever happened to the files before that is seen, and nothing has been acknowledged yet.
   * @throws StoreError when it is not.
   */
  guard<T>(work: () => T): T {
    // before, too: what is committed to a file without a name would be told to readers
    this.check();
    const result = work();
    this.check(true);
    return result;
  }

  /**
   * @param isWritten something has just been written: the files do not look as they did.
   * @throws StoreError unless each file is the one that was opened, which may come back, and has in it what was written.
   */
  check(isWritten = false): void {
    const { overwriting } = this;
    if (!overwriting) return;
    try {
      if (!this.overwritten && (isWritten || !overwriting.isAsSeen(this.find()))) this.overwritten = overwriting.find();
    } catch (error) {
      this.isLost = true;
      throw error;
    }
    this.isLost = this.overwritten !== undefined;
    if (this.overwritten) throw new StoreError(overwrittenFault(this.parts[this.overwritten === 'main' ? 0 : 1]!.path));
  }

  /** Where the two files are that hold what was written. @throws StoreError unless they are those that were opened. */
  private find(): { main: Stats; log: Stats } {
    const [main, log] = this.parts as [Part, Part];
    return { main: same(main), log: same(log) };
  }

  /** SQLite finds out when it writes only. @throws StoreError when the disk has become read-only. */
  requireWritableDisk(): void {
    const [file] = this.parts;
    try {
      if (file) accessSync(file.path, constants.W_OK);
    } catch (error) {
      // a mode that was changed since does not hinder who has the file open
      if ((error as NodeJS.ErrnoException).code === 'EROFS') throw new StoreError(READ_ONLY, error);
    }
  }

  /** Ends the looking. */
  stop(): void {
    clearInterval(this.timer);
  }

  /** To be called when the database is closed, not before. */
  close(): void {
    this.overwriting?.close();
  }

  /** Says it once; the writes that are refused say it again. */
  private watch(): void {
    const wasLost = this.isLost;
    try {
      this.parts.forEach(same);
      this.check();
    } catch (error) {
      this.isLost = true;
      if (!wasLost && error instanceof StoreError) this.report(error.fault.kind, error.line);
    }
  }
}

function partsOf(db: BetterSqlite3.Database): Part[] {
  // the first read makes the other two files; a link is followed to where they are
  db.pragma('schema_version');
  const path = realpathSync(db.name);
  return [db.name, `${path}-wal`, `${path}-shm`].map((each) => {
    const { dev, ino } = statSync(each);
    return { path: each, dev, ino };
  });
}

/** @throws StoreError unless what has the name of a file is the one that was opened. */
function same({ path, dev, ino }: Part): Stats {
  const seen = lookAt(path);
  if (seen?.ino === ino && seen.dev === dev) return seen;
  throw new StoreError(seen ? replaced(path) : missing(path));
}

function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // a folder that cannot be entered any more, or a disk that has gone
  }
}

function missing(path: string): Fault {
  return {
    kind: 'sqlite file missing',
    code: 'unavailable',
    message: 'the file of the database is not where it was opened',
    remedy: `${path} was removed or renamed under the running server, so nothing is written: put the same file back, or restart the server (DATABASE_URL)`,
  };
}

function replaced(path: string): Fault {
  return {
    kind: 'sqlite file replaced',
    code: 'unavailable',
    message: 'another file has taken the place of the database',
    remedy: `${path} was replaced under the running server, so nothing is written: restart the server to use the new file, or put the old one back (DATABASE_URL)`,
  };
}

function overwrittenFault(path: string): Fault {
  return {
    kind: 'sqlite file overwritten',
    code: 'unavailable',
    message: 'something else has written into the file of the database',
    remedy: `${path} was overwritten or cut short under the running server, so nothing is written: stop the server, put a whole copy in its place, remove the files -wal and -shm beside it, and start again (DATABASE_URL)`,
  };
}

/** Says when others on this machine may read the file: one that an earlier version made, or that was copied here. */
export function warnOfLooseMode(path: string, report: Report): void {
  if (process.platform === 'win32' || (statSync(path).mode & OTHERS_MAY) === 0) return;
  report('sqlite loose mode', `every user of this machine may read the database: chmod 600 ${path}* (DATABASE_URL)`);
}
