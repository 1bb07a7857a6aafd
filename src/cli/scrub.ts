import { ConfigError, EX_CONFIG, readConfig } from '../config/environment.js';
import { openStore } from '../ledger/stores/open-store.js';

const HELP = `Rewrites the tables in DATABASE_URL, so that nothing of what was erased is left in their files.

Usage: npm run ledger:scrub

Nothing can be written, and on PostgreSQL nothing be read, while it lasts: run it at a quiet time.
`;

async function main(): Promise<void> {
  if (process.argv.includes('--help') || process.argv.includes('-h')) {
    process.stdout.write(HELP);
    return;
  }
  const { databaseUrl, databaseSchema: schema } = readConfig().atome;
  const store = await openStore(databaseUrl, { schema });
  try {
    await store.scrub(true);
    process.stdout.write('rewritten: nothing of what was erased is left in the tables\n');
  } finally {
    await store.close();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof ConfigError ? EX_CONFIG : 1;
});
