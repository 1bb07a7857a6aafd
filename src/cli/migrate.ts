import { migrateDatabase } from '../ledger/stores/open-store.js';
import { command } from './command.js';
import { DATABASE_SETTINGS, report } from './database.js';

export default command({
  name: 'migrate',
  about: `Makes the tables in DATABASE_URL, or brings them up to date, and nothing else. The server does it at its start too,
unless MIGRATE=off.`,
  flags: { 'dry-run': { type: 'boolean', help: 'only say what would run; nothing is made' } },
  settings: DATABASE_SETTINGS,
  failure: 'the tables are as they were',

  async run({ values, database, print }) {
    const { databaseUrl, databaseSchema: schema } = database();
    const isDry = values['dry-run'];
    const { pending, ran } = await migrateDatabase(databaseUrl, { schema, report }, isDry);
    const names = isDry ? pending : ran;
    for (const name of names) print({ migration: name, ran: !isDry }, `${isDry ? 'would run' : 'ran'}: ${name}`);
    if (names.length === 0) print({ upToDate: true }, 'the tables are up to date');
    return 0;
  },
});
