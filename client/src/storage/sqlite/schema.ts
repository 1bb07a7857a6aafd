/*
 * The tables of a store in SQLite, and the table `atome_changes_1` through which all changes go in. No row ever gets
 * there: the trigger takes each apart and ignores it then, so that one statement `INSERT INTO … SELECT … FROM
 * json_each(?)` is a whole commit. It is a table and no view, because SQLite refuses to prepare an INSERT into a view
 * on a connection that has not yet seen the trigger of another one; with a table it looks again.
 * Table and trigger have a number: another way of taking changes apart gets the next one.
 */

/** What the trigger says to a program that still has the format of before. */
export const OUTDATED = 'atome-sync: the store has a newer format';

/** One row of `json_each`: each of the changes in its order. Values: the format's version, the changes as JSON. */
export const COMMIT = `INSERT INTO atome_changes_1 (version, change) SELECT ?, value FROM json_each(?) ORDER BY key`;

const each = (name: string): string => `json_each(NEW.change, '$.${name}')`;
const field = (path: string): string => `json_extract(value, '$.${path}')`;
const forget = (table: string, key: string, name: string): string =>
  `DELETE FROM ${table} WHERE ${key} IN (SELECT value FROM ${each(name)});`;
const given = (name: string): string => `json_type(NEW.change, '$.${name}') IS NOT NULL`;
const set = (column: string): string =>
  `UPDATE atome_info SET ${column} = json_extract(NEW.change, '$.${column}') WHERE ${given(column)};`;

const TRIGGER = `CREATE TRIGGER IF NOT EXISTS atome_apply_1 BEFORE INSERT ON atome_changes_1 BEGIN
  SELECT RAISE(ABORT, '${OUTDATED}') WHERE NEW.version <> (SELECT version FROM atome_info);
  DELETE FROM atome_atomes WHERE json_extract(NEW.change, '$.clear');
  INSERT OR REPLACE INTO atome_atomes (id, kind, parent_id, updated_at, record)
    SELECT ${field('id')}, ${field('kind')}, ${field('parentId')}, ${field('updatedAt')}, value FROM ${each('put')};
  ${forget('atome_atomes', 'id', 'remove')}
  ${forget('atome_outbox', 'op_id', 'settle')}
  INSERT OR REPLACE INTO atome_outbox (op_id, record) SELECT ${field('opId')}, value FROM ${each('append')};
  ${forget('atome_rejected', 'op_id', 'dismiss')}
  INSERT OR REPLACE INTO atome_rejected (op_id, record)
    SELECT ${field('operation.opId')}, value FROM ${each('reject')};
  ${set('place')}
  ${set('version')}
  SELECT RAISE(IGNORE);
END`;

const index = (name: string, columns: string): string =>
  `CREATE INDEX IF NOT EXISTS atome_${name} ON atome_atomes (${columns})`;

/** To be run one by one, and again from the start when that was interrupted: the row in `atome_info` comes last, with the owner. */
export const SCHEMA: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS atome_atomes (
    id TEXT PRIMARY KEY, kind TEXT, parent_id TEXT, updated_at TEXT, record TEXT NOT NULL) WITHOUT ROWID`,
  index('newest', 'updated_at, id'),
  index('by_kind', 'kind, updated_at, id'),
  index('by_parent', 'parent_id, updated_at, id'),
  `CREATE TABLE IF NOT EXISTS atome_outbox (op_id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS atome_rejected (op_id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS atome_info (one INTEGER PRIMARY KEY, version INTEGER NOT NULL, place TEXT)`,
  `CREATE TABLE IF NOT EXISTS atome_changes_1 (version INTEGER, change TEXT, CHECK (FALSE))`,
  TRIGGER,
  `INSERT OR IGNORE INTO atome_info (one, version, place) VALUES (1, ?, ?)`,
];
