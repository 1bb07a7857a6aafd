import { randomUUID } from 'node:crypto';
import pg from 'pg';

/** Where specs ask for the address of the run's own PostgreSQL; set by the global setup. */
export const BROKER_VARIABLE = 'TEST_POSTGRES_BROKER';

/** An empty database for one test file. */
export interface TestDatabase {
  readonly url: string;
  /** Drops it, with the connections that are still open. */
  readonly drop: () => Promise<void>;
}

/**
 * Makes an empty database on a real PostgreSQL: the server that `TEST_POSTGRES_URL` names, else one that
 * the first call of a test run starts, or one of the spec's own.
 */
export async function createDatabase(own?: { readonly url: string }): Promise<TestDatabase> {
  const server = own?.url ?? (await serverUrl());
  const name = `atome_test_${randomUUID().replaceAll('-', '')}`;
  // Nobody waits for the disk here, so that a copy of files is the quicker way.
  await run(server, `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' STRATEGY FILE_COPY`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => run(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function serverUrl(): Promise<string> {
  const given = process.env.TEST_POSTGRES_URL;
  if (given) return given;
  const broker = process.env[BROKER_VARIABLE];
  if (!broker) throw new Error('no PostgreSQL: run under jest with its global setup, or set TEST_POSTGRES_URL');
  const answer = await fetch(broker);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
