import { afterAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createDatabase, type TestDatabase } from './postgres.js';

describe('the PostgreSQL of a test run', () => {
  const made: TestDatabase[] = [];
  afterAll(() => Promise.all(made.map((database) => database.drop())));

  async function database(): Promise<TestDatabase> {
    const fresh = await createDatabase();
    made.push(fresh);
    return fresh;
  }

  async function query<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<T>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  it('hands out empty databases that know nothing of each other', async () => {
    const [one, other] = await Promise.all([database(), database()]);
    await query(one.url, 'CREATE TABLE here (id int)');
    const tables = `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`;
    expect(await query(one.url, tables)).toEqual([{ tablename: 'here' }]);
    expect(await query(other.url, tables)).toEqual([]);
  });

  it('keeps what it has acknowledged, however it ends while the machine goes on', async () => {
    const { url } = await database();
    expect(await query(url, 'SHOW full_page_writes')).toEqual([{ full_page_writes: 'on' }]);
    expect(await query(url, 'SHOW synchronous_commit')).toEqual([{ synchronous_commit: 'on' }]);
  });

  it('drops a database that is still in use', async () => {
    const { url, drop } = await createDatabase();
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    await drop();
    await expect(client.query('SELECT 1')).rejects.toThrow();
    await client.end();
  });
});
