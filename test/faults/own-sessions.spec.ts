import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { requireOwnSessions } from '../../src/database/own-sessions.js';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';

/** A server that began when the connection was made, and numbers its sessions as another does. */
const ELSEWHERE = [
  'CREATE SCHEMA elsewhere',
  'CREATE FUNCTION elsewhere.pg_backend_pid() RETURNS int LANGUAGE sql AS $$ SELECT 42 $$',
  `CREATE FUNCTION elsewhere.pg_postmaster_start_time() RETURNS timestamptz LANGUAGE sql
   AS $$ SELECT to_timestamp(pg_catalog.pg_backend_pid()) $$`,
];
/** The same server for each. */
const ONE = `CREATE OR REPLACE FUNCTION elsewhere.pg_postmaster_start_time() RETURNS timestamptz LANGUAGE sql
  AS $$ SELECT to_timestamp(1) $$`;

describe('two connections', () => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeEach(async () => {
    database = await createDatabase();
    await run(...ELSEWHERE);
    const onConnect = (client: pg.ClientBase): Promise<unknown> =>
      client.query('SET search_path TO elsewhere, pg_catalog');
    dataSource = await new DataSource({
      type: 'postgres',
      url: database.url,
      extra: { max: 2, onConnect },
    }).initialize();
  });
  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  async function run(...statements: string[]): Promise<void> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  }

  it('of two servers that give the same number have sessions of their own', async () => {
    await expect(requireOwnSessions(dataSource)).resolves.toBeUndefined();
  });

  it('with one number at one server share a session', async () => {
    await run(ONE);
    await expect(requireOwnSessions(dataSource)).rejects.toThrow('pool_mode=session');
  });
});
