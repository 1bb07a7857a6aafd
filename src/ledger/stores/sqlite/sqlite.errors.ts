import { StoreError, type Fault } from '../../store-error.js';

const unavailable = (kind: string, message: string, remedy: string): Fault => ({
  kind: `sqlite ${kind}`,
  code: 'unavailable',
  message,
  remedy,
});

const LOCKED = unavailable(
  'locked',
  'the database is locked by another process',
  'what else has the file of DATABASE_URL open, and in a transaction?',
);
export const IN_TURN = unavailable(
  'in turn',
  'other transactions of the application have the database',
  'SQLite takes one at a time, with whatever transaction() waits for in it: make them shorter, or use PostgreSQL',
);
export const READ_ONLY = unavailable(
  'read-only',
  'the database only reads for now',
  'the file of DATABASE_URL, its folder and its disk must be writable for the user who runs the server',
);
const UNREADABLE: Fault = {
  ...unavailable(
    'unreadable',
    'the file of the database cannot be read or written',
    'is the disk of DATABASE_URL there and sound, and may the user who runs the server use it?',
  ),
  isOfTheDisk: true,
};
const DAMAGED = unavailable(
  'damaged',
  'the file of the database is damaged',
  'stop the server, put a sound copy in the place of DATABASE_URL and remove the files -wal and -shm beside it; npm run ledger:verify tells a sound one',
);
const NO_DATABASE = unavailable(
  'no database',
  'the file is no SQLite database',
  'name another file in DATABASE_URL; if there was a database in it, stop the server and put a sound copy in its place',
);
const NO_MEMORY = unavailable('no memory', 'the server has no memory for it now', 'give the process more memory');
const OTHER = unavailable('other', 'the database cannot do it for now', 'see https://sqlite.org/rescode.html');

const DISK_FULL: Fault = {
  kind: 'sqlite disk full',
  code: 'storage_full',
  message: 'the disk of the server is full',
  remedy: 'make room on the disk of DATABASE_URL',
};

/** By primary result code; see {@link faultOf}. */
const FAULTS: ReadonlyMap<string, Fault> = new Map([
  ['FULL', DISK_FULL],
  ['BUSY', LOCKED],
  ['LOCKED', LOCKED],
  ['PROTOCOL', LOCKED],
  ['READONLY', READ_ONLY],
  ['PERM', READ_ONLY],
  ['CANTOPEN', UNREADABLE],
  ['IOERR', UNREADABLE],
  ['NOLFS', UNREADABLE],
  // whoever puts a sound copy back mends it, and what could not be written meanwhile is still with the clients
  ['CORRUPT', DAMAGED],
  ['NOTADB', NO_DATABASE],
  ['NOMEM', NO_MEMORY],
]);

/** What the statement, its values or the program did wrong, so that it fails each time. */
const OF_THE_STATEMENT: ReadonlySet<string> = new Set([
  'ERROR',
  'CONSTRAINT',
  'MISMATCH',
  'RANGE',
  'MISUSE',
  'TOOBIG',
  'NOTFOUND',
  'AUTH',
]);

/** The fault of the database behind an error; undefined for those of the statement, and for all that SQLite did not say. */
export function faultOf(error: unknown): Fault | undefined {
  const { code } = error as { code?: unknown };
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return undefined;
  // the shared-memory file cannot grow on a full disk either
  if (code === 'SQLITE_IOERR_SHMSIZE') return DISK_FULL;
  const [, primary = ''] = code.split('_');
  return OF_THE_STATEMENT.has(primary) ? undefined : (FAULTS.get(primary) ?? OTHER);
}

/** What the callers of the store are told of an error: unavailable, unless it is known to be our own. */
export function translate(error: unknown): Error {
  const fault = faultOf(error);
  return fault ? new StoreError(fault, error) : (error as Error);
}
