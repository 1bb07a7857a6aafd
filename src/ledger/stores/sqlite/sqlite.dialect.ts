import type { Dialect } from '../list.sql.js';
import { sqliteConditions } from './sqlite.condition.js';
import { sqliteSorting } from './sqlite.sorting.js';

/** What SQLite says in ways of its own. */
export const SQLITE_DIALECT: Dialect = {
  textsOf: 'SELECT value FROM json_each(?)',
  pairsOf: `(SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS version FROM json_each(?))`,
  lowerData: 'lower(data)',
  isFound:
    'seq IN (SELECT value FROM json_each(?) UNION ALL SELECT seq FROM atome_atomes WHERE tenant = ? AND seq > ?)',
  namesReader: (readers) => `EXISTS (SELECT 1 FROM json_each(?) AS name WHERE instr(${readers}, name.value) > 0)`,
  unwalked: (column) => `+${column}`,
  isLed: 'id = atome_id',
  conditions: sqliteConditions,
  sorting: sqliteSorting,
};
