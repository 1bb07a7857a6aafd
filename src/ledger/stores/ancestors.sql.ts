import { MAX_ANCESTORS } from '../ancestors.js';

/* The atomes above those that inherit, as long as what is kept with these has still to follow. Parameters are written `?`. */

/** Whether a change is being propagated in the tenant of a table's row. */
const isPropagated = (table: string): string =>
  `EXISTS (SELECT 1 FROM atome_propagations AS pending WHERE pending.tenant = ${table}.tenant)`;

/** The atomes above a row of a table that inherits, the nearest first, as a recursive table `above`. */
function above(table: string, columns: readonly string[]): string {
  const names = columns.map((column) => `p.${column}`).join(', ');
  return `WITH RECURSIVE above(depth, heir_of, ${columns.join(', ')}) AS (
      SELECT 1, p.heir_of, ${names} FROM atome_atomes AS p WHERE p.tenant = ${table}.tenant AND p.id = ${table}.heir_of
      UNION ALL SELECT above.depth + 1, p.heir_of, ${names} FROM above CROSS JOIN atome_atomes AS p
        WHERE above.depth < ${MAX_ANCESTORS} AND p.tenant = ${table}.tenant AND p.id = above.heir_of
    )`;
}

/**
 * The atomes above one that inherits, for a SELECT: the id of each, of whom it inherits, its owner and, of the uppermost, its
 * access, each on a line of its own. Null for all others, and, unless they are `always` wanted, while nothing is propagated:
 * then what is kept with each atome is up to date.
 */
export function ancestorsOf(table: string, always = false): string {
  const isWanted = `${table}.heir_of IS NOT NULL${always ? '' : ` AND ${isPropagated(table)}`}`;
  const access = `CASE WHEN heir_of IS NULL THEN coalesce(access, '') ELSE '' END`;
  return `CASE WHEN ${isWanted} THEN coalesce((${above(table, ['id', 'owner_id', 'access'])}
    SELECT string_agg(id || '\n' || coalesce(heir_of, '') || '\n' || owner_id || '\n' || ${access}, '\n') FROM above), '')
    END AS "ancestors"`;
}

/**
 * Whether one of those who ask may read a row of `atomes` by what it inherits by now; its owner may.
 * @param names the condition that one of them is in a text of readers
 */
export function isReadNow(names: (text: string) => string): string {
  const own = (owner: string): string => `'\n=' || ${owner} || '\n'`;
  const readers = `coalesce(CASE WHEN heir_of IS NULL THEN readers END, '') || ${own('owner_id')} || ${own('atome_atomes.owner_id')}`;
  return `(heir_of IS NULL OR NOT ${isPropagated('atome_atomes')} OR EXISTS (${above('atome_atomes', ['owner_id', 'readers'])}
    SELECT 1 FROM above WHERE (heir_of IS NULL AND readers IS NULL) OR ${names(readers)}))`;
}
