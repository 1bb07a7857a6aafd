import type { QueryRunner } from 'typeorm';
import { hasLedger, hasMigrations, ourTables, type TableColumns } from './earlier-tables.js';
import { OpenError } from './open-error.js';
import { MIGRATIONS_TABLE, SEARCH_TABLES, TABLES } from './tables.js';

const NO_RIGHTS = '42501';

/**
 * Makes the schema for our tables, and moves those there that an earlier version has made in the first schema of the
 * connection's own path; all in one transaction, or not at all. What belongs to a table goes with it.
 * @param isGiven whether somebody has named the schema: left to us, we do not choose between two sets of tables.
 * @throws OpenError
 */
export async function takePostgresPlace(runner: QueryRunner, schema: string, isGiven: boolean): Promise<void> {
  await runner.startTransaction();
  try {
    // as the role, the database and the URL have it
    await runner.query('SET LOCAL search_path TO DEFAULT');
    const before = await currentSchema(runner);
    const isThere = hasLedger((await lookInto(runner, schema)).executed);
    const isChosen = before === null || before === schema || (isThere && isGiven);
    const earlier = isChosen ? [] : await earlierIn(runner, before);
    if (isThere && earlier.length > 0) throw new OpenError(twice(before!, schema));
    await makeSchema(runner, schema);
    for (const table of earlier) await runner.query(`ALTER TABLE "${before}"."${table}" SET SCHEMA "${schema}"`);
    const isFirst = before !== schema && (await currentSchema(runner)) === schema;
    if (isFirst && !isGiven) await requireAlone(runner, before, schema);
    await runner.commitTransaction();
  } catch (error) {
    await runner.rollbackTransaction();
    throw error;
  }
}

async function currentSchema(runner: QueryRunner): Promise<string | null> {
  const [row] = (await runner.query('SELECT current_schema() AS name')) as { name: string | null }[];
  return row!.name;
}

async function earlierIn(runner: QueryRunner, schema: string): Promise<string[]> {
  const { executed, there } = await lookInto(runner, schema);
  return ourTables(executed, there);
}

/** The tables of our names in a schema, and which of our migrations have run there. */
async function lookInto(runner: QueryRunner, schema: string): Promise<{ executed: string[]; there: TableColumns }> {
  const columns = (await runner.query(
    `SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns
      WHERE table_schema = $1 AND table_name = ANY($2)`,
    [schema, [...TABLES, ...SEARCH_TABLES, MIGRATIONS_TABLE]],
  )) as { table: string; column: string }[];
  const there = new Map<string, Set<string>>();
  for (const { table, column } of columns) there.set(table, (there.get(table) ?? new Set()).add(column));
  if (!hasMigrations(there)) return { executed: [], there };
  const rows = (await runner.query(`SELECT name FROM "${schema}".${MIGRATIONS_TABLE}`)) as { name: string }[];
  return { executed: rows.map(({ name }) => name), there };
}

async function makeSchema(runner: QueryRunner, schema: string): Promise<void> {
  const [found] = (await runner.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema])) as unknown[];
  if (found) return;
  try {
    await runner.query(`CREATE SCHEMA "${schema}"`);
  } catch (error) {
    if ((error as { code?: unknown }).code !== NO_RIGHTS) throw error;
    throw new OpenError(
      `the role in DATABASE_URL may not make the schema ${schema} for the tables of the server: have CREATE SCHEMA ${schema} AUTHORIZATION of that role run in the database, or name a schema in DATABASE_SCHEMA in which it may make tables`,
      error,
    );
  }
}

/** A role looks first in a schema of its own name: others that use the role would take our tables for theirs. */
async function requireAlone(runner: QueryRunner, before: string | null, schema: string): Promise<void> {
  const [others] = (await runner.query(
    `SELECT 1 FROM information_schema.tables WHERE table_schema = $1 AND table_type = 'BASE TABLE' LIMIT 1`,
    [before],
  )) as unknown[];
  if (!others) return;
  throw new OpenError(
    `the role in DATABASE_URL would find the tables of the server before those in ${before}, since it has the name of their schema: name another schema in DATABASE_SCHEMA, or ${schema} itself if nobody else uses the role`,
  );
}

function twice(before: string, schema: string): string {
  return `there are tables of the server in the schemas ${before} and ${schema} of DATABASE_URL: an earlier version may have run after they were moved; name the schema to use in DATABASE_SCHEMA, and remove the others`;
}
