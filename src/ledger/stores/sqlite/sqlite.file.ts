import { accessSync, constants, realpathSync, statSync, type Stats } from 'node:fs';
import type BetterSqlite3 from 'better-sqlite3';
import { StoreError, type Fault, type Report } from '../../store-error.js';
import { READ_ONLY } from './sqlite.errors.js';

/** How often the file is looked at while nothing is written, in milliseconds. */
const LOOK_MS = 500;
const OTHERS_MAY = 0o007;

interface Part extends Pick<Stats, 'dev' | 'ino'> {
  readonly path: string;
}

/**
 * The files of an open SQLite database. Whoever removes, renames or replaces one of them parts the server from what
 * the next start will find; SQLite itself writes on into what has no name any more, and does not notice.
 */
export class SqliteFile {
  private readonly parts: readonly Part[];
  private readonly timer: NodeJS.Timeout | undefined;
  private isLost = false;

  /** @param db an open database in WAL mode, or one in memory, of which nothing can be lost. */
  constructor(
    db: BetterSqlite3.Database,
    private readonly report: Report,
  ) {
    this.parts = db.memory ? [] : partsOf(db);
    if (this.parts.length > 0) this.timer = setInterval(() => this.look(), LOOK_MS).unref();
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
    this.check();
    return result;
  }

  /** @throws StoreError unless each file is the one that was opened; it may come back. */
  check(): void {
    for (const { path, dev, ino } of this.parts) {
      const seen = lookAt(path);
      if (seen?.ino === ino && seen.dev === dev) continue;
      this.isLost = true;
      throw new StoreError(seen ? replaced(path) : missing(path));
    }
    this.isLost = false;
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

  close(): void {
    clearInterval(this.timer);
  }

  /** Says it once; the writes that are refused say it again. */
  private look(): void {
    const wasLost = this.isLost;
    try {
      this.check();
    } catch (error) {
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

/** Says when others on this machine may read the file: one that an earlier version made, or that was copied here. */
export function warnOfLooseMode(path: string, report: Report): void {
  if (process.platform === 'win32' || (statSync(path).mode & OTHERS_MAY) === 0) return;
  report('sqlite loose mode', `every user of this machine may read the database: chmod 600 ${path}* (DATABASE_URL)`);
}
