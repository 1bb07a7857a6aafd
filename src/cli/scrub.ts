import { statSync } from 'node:fs';
import { fileOf } from '../database/data-source.js';
import { command } from './command.js';
import { DATABASE_SETTINGS, withStore } from './database.js';

const BOTH = 'nothing can be written, and on PostgreSQL nothing be read, while it lasts';

export default command({
  name: 'scrub',
  about: `Rewrites the tables in DATABASE_URL, so that nothing of what was erased is left in their files.
Run it at a quiet time: ${BOTH}.`,
  flags: { 'dry-run': { type: 'boolean', help: 'only say what would be rewritten' } },
  settings: DATABASE_SETTINGS,
  failure: 'the tables cannot be rewritten',

  async run({ values, database, print }) {
    const atome = database();
    const isDry = values['dry-run'];
    return withStore(
      atome,
      async (store) => {
        if (!isDry) await store.scrub(true);
        const path = fileOf(atome.databaseUrl);
        const bytes = path === undefined ? undefined : statSync(path).size;
        const what = bytes === undefined ? 'the tables' : `the tables, of ${bytes} bytes,`;
        print(
          { rewritten: !isDry, ...(bytes !== undefined && { bytes }) },
          isDry
            ? `would rewrite ${what} which takes as much room again meanwhile; ${BOTH}`
            : 'rewritten: nothing of what was erased is left in the tables',
        );
        return 0;
      },
      { isSearched: !isDry },
    );
  },
});
