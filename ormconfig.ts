import { DataSource } from 'typeorm';
import { readConfig } from './src/config/environment.js';
import { dataSourceOptions } from './src/database/data-source.js';

/** For the command line of TypeORM: `npm run migration:run`, `:revert`, `:generate`. */
export default new DataSource(dataSourceOptions(readConfig().atome.databaseUrl));
