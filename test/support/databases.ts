import { startApp, type TestApp } from './app.js';
import { createDatabase } from './postgres.js';

/** The databases that the server runs on, for `describe.each`. */
export const DATABASES = ['SQLite', 'PostgreSQL'] as const;
export type Database = (typeof DATABASES)[number];

/** Starts the server on an empty database of its own, which ends with it. */
export async function startOn(database: Database, environment: Record<string, string> = {}): Promise<TestApp> {
  if (database === 'SQLite') return startApp(environment);
  const { url, drop } = await createDatabase();
  const server = await startApp({ DATABASE_URL: url, ...environment });
  return {
    ...server,
    close: async () => {
      await server.close();
      await drop();
    },
  };
}
