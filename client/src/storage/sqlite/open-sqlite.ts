import { toError } from '../../core/errors.js';
import { COMMIT, SCHEMA } from './schema.js';
import { type Contents, type Format, type PendingWrite, type Checkpoint, type RejectedWrite } from '../store.js';
import { migrate } from '../migrate.js';

/**
 * What a store needs of SQLite: single statements with `?` in them, each on whichever connection. It has to wait
 * for the locks of others, and to sync to the disk at each commit.
 */
export interface SqlDriver {
  execute(sql: string, values?: unknown[]): Promise<unknown>;
  select<Rows>(sql: string, values?: unknown[]): Promise<Rows>;
  close(): Promise<unknown>;
}

/** Opens the database of this name, and makes it when it is not there. */
export type SqlConnect = (name: string) => Promise<SqlDriver>;

export interface OpenedSql {
  readonly driver: SqlDriver;
  /** Whether it was made just now. */
  readonly fresh: boolean;
  readonly contents: Contents;
}

/** A file cannot be renamed through SQL; this table marks what was passed by, so that all versions pass it by. */
const MARK = 'atome_set_aside';

/** A database that is there and cannot be used: of a newer version, with records that do not fit, or set aside. */
class Unreadable extends Error {}

/** Whether another database could do better. SQLite's own words, since drivers agree on nothing else. */
export function isUnreadable(thrown: unknown): boolean {
  return (
    thrown instanceof Unreadable || /not a database|malformed|no such (table|column)/.test(toError(thrown).message)
  );
}

/** Gives to an owner what nobody has. */
const CLAIM = `UPDATE atome_info SET place = json_set(coalesce(place, '{}'), '$.owner', ?)
  WHERE json_extract(place, '$.owner') IS NULL`;

/** For whom a store is opened; see `Store.open`. */
export interface Claimant {
  readonly owner: string | undefined;
  readonly claim: boolean | undefined;
}

/** Opens a database, brings it to the format, and reads all but the atomes. */
export async function openSql(
  connect: SqlConnect,
  name: string,
  format: Format,
  { owner, claim }: Claimant,
): Promise<OpenedSql> {
  const driver = await connect(name);
  try {
    await driver.select('PRAGMA journal_mode = WAL');
    const fresh = await isFresh(driver);
    const place = owner === undefined ? null : JSON.stringify({ owner });
    if (fresh) for (const sql of SCHEMA) await driver.execute(sql, sql.includes('?') ? [format.version, place] : []);
    const [info] = await driver.select<{ version: number }[]>('SELECT version FROM atome_info');
    if (!info || info.version > format.version) throw new Unreadable(`${name} has a newer format`);
    if (info.version < format.version) await migrateAll(driver, format, info.version);
    if (claim && owner !== undefined) await driver.execute(CLAIM, [owner]);
    return { driver, fresh, contents: await contentsOf(driver) };
  } catch (thrown) {
    if (isUnreadable(thrown)) await driver.execute(`CREATE TABLE IF NOT EXISTS ${MARK} (mark)`).catch(() => undefined);
    await driver.close().catch(() => undefined);
    throw thrown;
  }
}

async function isFresh(driver: SqlDriver): Promise<boolean> {
  const tables = await driver.select<{ name: string }[]>(`SELECT name FROM sqlite_master WHERE type = 'table'`);
  if (tables.some(({ name }) => name === MARK)) throw new Unreadable('it was set aside before');
  if (!tables.some(({ name }) => name === 'atome_info')) return true;
  const rows = await driver.select<unknown[]>('SELECT version FROM atome_info');
  return rows.length === 0;
}

/** Everything forward, in one statement: a crash leaves the old version whole. */
export async function migrateAll(driver: SqlDriver, format: Format, from: number): Promise<void> {
  const atomes = await records(driver, 'atomes');
  const { place, outbox, rejected } = await contentsOf(driver);
  const names = (writes: readonly PendingWrite[]): string[] => writes.map(({ opId }) => opId);
  const changes = forward(() => ({
    clear: true,
    put: atomes.map((record) => migrate(format, from, 'atomes', record)),
    settle: names(outbox),
    append: outbox.map((record) => migrate(format, from, 'outbox', record)),
    dismiss: names(rejected.map(({ operation }) => operation)),
    reject: rejected.map((record) => migrate(format, from, 'rejected', record)),
    ...(place && { place: migrate(format, from, 'place', place) }),
    version: format.version,
  }));
  await driver.execute(COMMIT, [from, JSON.stringify([changes])]);
}

export async function contentsOf(driver: SqlDriver): Promise<Contents> {
  const [info] = await driver.select<{ place: string | null }[]>('SELECT place FROM atome_info');
  const outbox = (await records(driver, 'outbox')) as PendingWrite[];
  const rejected = (await records(driver, 'rejected')) as RejectedWrite[];
  const place = forward(() => JSON.parse(info?.place ?? 'null') as Checkpoint | null);
  return { place, outbox, rejected };
}

async function records(driver: SqlDriver, table: 'atomes' | 'outbox' | 'rejected'): Promise<unknown[]> {
  const key = table === 'atomes' ? 'id' : 'op_id';
  const rows = await driver.select<{ record: string }[]>(`SELECT record FROM atome_${table} ORDER BY ${key}`);
  return forward(() => rows.map(({ record }) => JSON.parse(record) as unknown));
}

/** What a record of another shape throws, in our words. */
function forward<T>(step: () => T): T {
  try {
    return step();
  } catch (cause) {
    throw new Unreadable('a record does not fit', { cause });
  }
}
