import { readConfig } from './src/config/environment.js';
import { LedgerDataSource } from './src/database/ledger-data-source.js';

const { databaseUrl, databaseSchema } = readConfig().atome;

/** For the command line of TypeORM: `npm run migration:run`, `:revert`, `:generate`. */
export default new LedgerDataSource(databaseUrl, databaseSchema);
