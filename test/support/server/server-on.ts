import type { AtomeOptions } from '../../../src/config/module-options.js';
import { startApp, type TestApp } from './app.js';
import type { Database } from '../databases/databases.js';

/** Starts the server on an empty database, which ends with it. */
export async function startOn(create: () => Promise<Database>, options: AtomeOptions = {}): Promise<TestApp> {
  const { url, drop } = await create();
  const server = await startApp({ DATABASE_URL: url }, options);
  return {
    ...server,
    close: async () => {
      await server.close();
      await drop();
    },
  };
}
