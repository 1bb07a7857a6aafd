import { FIELD_TABLES, PREFIX, SEARCH_TABLES, TABLES } from '../../../database/tables.js';

const OURS = new RegExp(`\\?|\\b${PREFIX}(${[...TABLES, ...SEARCH_TABLES, ...FIELD_TABLES].join('|')})\\b`, 'g');

/** Most texts that are kept: those of the store are fewer; what callers compose of conditions has no end. */
const MOST_KNOWN = 256;

/**
 * Makes the statements of ours for PostgreSQL: `$1`, `$2` … for `?`, and the tables by their schema. By name, not by the
 * `search_path` of the session, which roles, databases and poolers set too. None of our statements has a question mark of
 * its own.
 */
export function statementsIn(schema: string): (statement: string) => string {
  const known = new Map<string, string>();
  return (statement) => {
    const made = known.get(statement);
    if (made !== undefined) return made;
    let count = 0;
    const plain = statement.replace(OURS, (_, table?: string) => (table ? `"${schema}".${table}` : `$${++count}`));
    const text = ofOneTenant(plain);
    known.set(statement, text);
    // the oldest is the first; one that is wanted still is soon back
    if (known.size > MOST_KNOWN) known.delete(known.keys().next().value!);
    return text;
  };
}

/**
 * Says of each table by a parameter whose rows are meant, where a statement says it of one so: what spreads tables by tenant (Citus)
 * does not conclude it from tables that are equal, in a subquery that depends on another.
 */
function ofOneTenant(text: string): string {
  const [, given] = /\btenant = (\$\d+)/.exec(text) ?? [];
  return given === undefined ? text : text.replace(/\btenant = (?:"\w+"\.)?\w+\.tenant\b/g, `tenant = ${given}`);
}
