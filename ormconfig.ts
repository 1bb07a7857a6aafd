import { DataSource } from 'typeorm';
import { readConfig } from './src/config.js';
import { dataSourceOptions } from './src/ledger/data-source.js';

/** For the command line of TypeORM: `npm run migration:run`, `:revert`, `:generate`. */
export default new DataSource(dataSourceOptions(readConfig().atome.databaseUrl));
