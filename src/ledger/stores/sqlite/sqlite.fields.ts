import type { FieldDialect } from '../field-indexes.keeper.js';
import { insertValues, keyColumns, STATE, valueIndexes } from '../field-values.sql.js';
import { sqliteSorting } from './sqlite.sorting.js';

const partsIn = (row: string) => sqliteSorting.ofDocument(`${row}.data, f.path`);
const PARTS = partsIn('a');

const ADD = `${insertValues(partsIn('new'), 'new', 'atome_field_indexes AS f')}
  WHERE f.kind = new.kind AND f.state < ${STATE.leaving} AND new.deleted_at IS NULL`;

const MAKE = [
  `CREATE TABLE IF NOT EXISTS atome_field_indexes (name TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, path TEXT NOT NULL,
    state INTEGER NOT NULL, tenant TEXT NOT NULL, seq INTEGER NOT NULL)`,
  // the columns of a value have no type: they hold numbers and texts
  `CREATE TABLE IF NOT EXISTS atome_field_values (field_tenant TEXT NOT NULL, field TEXT NOT NULL,
    ${keyColumns(PARTS).join(', ')}, field_seq INTEGER NOT NULL, atome_id TEXT NOT NULL, PRIMARY KEY (field_tenant, atome_id, field))`,
  ...valueIndexes(PARTS),
  `CREATE TRIGGER IF NOT EXISTS "atome_field_values_added" AFTER INSERT ON atome_atomes BEGIN ${ADD}; END`,
  `CREATE TRIGGER IF NOT EXISTS "atome_field_values_changed" AFTER UPDATE ON atome_atomes BEGIN
    DELETE FROM atome_field_values WHERE field_tenant = new.tenant AND atome_id = new.id; ${ADD}; END`,
];

/** How SQLite keeps the values of indexed fields: in small steps, where to make an index would take the writer for as long as it takes. */
export const sqliteFields: FieldDialect = {
  parts: PARTS,
  isThere: `SELECT 1 FROM sqlite_schema WHERE name = 'atome_field_values'`,
  enter: () => [],
  make: MAKE.map((statement) => [statement]),
  define: `INSERT INTO atome_field_indexes (name, kind, path, state, tenant, seq)
    VALUES (?, ?, ?, ${STATE.building}, '', 0) ON CONFLICT DO NOTHING`,
  pathOf: (keys) => `$${keys.map((key) => `."${key}"`).join('')}`,
  settle: [],
  beside: ' ',
};
