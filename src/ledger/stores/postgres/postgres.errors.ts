import { AtomeError } from '../../../protocol/index.js';
import { StoreError, type Fault } from '../../store-error.js';

const unavailable = (kind: string, message: string, remedy: string): Fault => ({
  kind: `postgres ${kind}`,
  code: 'unavailable',
  message,
  remedy,
});

export const UNREACHABLE = unavailable(
  'unreachable',
  'the database cannot be reached',
  'is PostgreSQL up, and reachable at the host and port of DATABASE_URL, with its sslmode?',
);
const READ_ONLY = unavailable(
  'read-only',
  'the database only reads for now',
  'DATABASE_URL must name the primary, and default_transaction_read_only must be off',
);
const TOO_SLOW = unavailable(
  'too slow',
  'the database did not finish in time',
  'does somebody hold a lock, or is it too much work? POSTGRES_LOCK_TIMEOUT_MS and POSTGRES_STATEMENT_TIMEOUT_MS say how long it may take',
);
const NOT_LET_IN = unavailable(
  'not let in',
  'the database does not let the server in',
  'check user, password and database in DATABASE_URL, and pg_hba.conf',
);
const NO_RIGHTS = unavailable(
  'no rights',
  'the database does not allow it to the server',
  'the role in DATABASE_URL must own the tables, or have all rights on them',
);
const NO_TABLES = unavailable(
  'no tables',
  'the database is not as the server needs it',
  'are the tables being restored? otherwise restart the server, which brings them up to date',
);
const OTHER_SESSION = unavailable(
  'other session',
  'the database lost what was prepared on the connection',
  'a pooler must give each connection a session of its own (PgBouncer: pool_mode=session); after a migration this passes by itself',
);
const NO_RESOURCES = unavailable(
  'no resources',
  'the database has no room for more work',
  'see max_connections, memory and temp_file_limit of PostgreSQL',
);
export const BUSY = unavailable(
  'busy',
  'all connections to the database are in use',
  'POSTGRES_WRITE_CONNECTIONS, POSTGRES_READ_CONNECTIONS and POSTGRES_HEAVY_CONNECTIONS say how many there are',
);
export const UNKNOWN_COMMIT = unavailable(
  'unknown commit',
  'the database did not answer the commit, and whether it was written is not known: repeat it under its idempotencyKey, or look first',
  'did the connection break, or PostgreSQL restart? what was written is in the ledger all the same',
);
const OTHER = unavailable('other', 'the database cannot do it for now', 'see the log of PostgreSQL');

const DISK_FULL: Fault = {
  kind: 'postgres disk full',
  code: 'storage_full',
  message: 'the disk of the database is full',
  remedy: 'make room on the disk of PostgreSQL; reading goes on',
};

/** By SQLSTATE or by its class; a whole SQLSTATE counts before its class. */
const FAULTS: ReadonlyMap<string, Fault> = new Map([
  ['08', UNREACHABLE],
  ['57', UNREACHABLE],
  ['25006', READ_ONLY],
  ['57014', TOO_SLOW], // statement_timeout, or an operator's pg_cancel_backend
  ['55P03', TOO_SLOW],
  ['25P03', TOO_SLOW],
  ['25P04', TOO_SLOW],
  ['40', TOO_SLOW], // a deadlock, or another's transaction was first: the next attempt may win
  ['28', NOT_LET_IN], // the password was changed, or the role is not on this host yet
  ['3D', NOT_LET_IN],
  ['42501', NO_RIGHTS], // after a change of roles: who grants them again mends it
  // our statements are fixed and tested: what they name can be missing only while somebody restores or migrates
  ['42P01', NO_TABLES],
  ['42703', NO_TABLES],
  ['3F', NO_TABLES],
  // named statements belong to a session, and a pooler may change the session
  ['26', OTHER_SESSION],
  ['42P05', OTHER_SESSION],
  ['0A', OTHER_SESSION], // "cached plan must not change result type": a table was altered
  ['53', NO_RESOURCES],
  ['53100', DISK_FULL],
]);

/** What the statement or its values did wrong, so that it fails each time: cardinality, data, constraints, syntax, size. */
const OF_THE_STATEMENT: ReadonlySet<string> = new Set(['21', '22', '23', '42', '54']);

/** What our own code does wrong. By name: `instanceof` knows only the classes of one context. */
const OF_THE_PROGRAM: ReadonlySet<unknown> = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']);

/** What a `plan` has thrown: it is no word of the database, whatever it looks like. */
export class PlanFailed extends Error {
  constructor(override readonly cause: unknown) {
    super('the plan of a commit has failed');
  }
}

/** The fault of the database behind an error of `pg`; undefined when the statement or the program is to blame. */
export function faultOf(error: unknown): Fault | undefined {
  const { code, name, severity } = error as { code?: unknown; name?: unknown; severity?: unknown };
  if (OF_THE_PROGRAM.has(name)) return undefined;
  // sockets, resolvers, TLS and `pg` itself fail in more ways than can be listed, and all of them may pass
  if (typeof code !== 'string') return UNREACHABLE;
  const known = FAULTS.get(code) ?? FAULTS.get(code.slice(0, 2));
  if (FAULTS.has(code)) return known;
  if (OF_THE_STATEMENT.has(code.slice(0, 2))) return undefined;
  return known ?? (severity === undefined ? UNREACHABLE : OTHER);
}

/** What the callers of the store are told of an error of `pg`: unavailable, unless it is known to be our own. */
export function translate(error: unknown): unknown {
  if (error instanceof PlanFailed) return error.cause;
  if (error instanceof AtomeError) return error;
  const fault = faultOf(error);
  return fault ? new StoreError(fault, error) : error;
}
