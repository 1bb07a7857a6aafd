import { openStore } from '../../../src/ledger/stores/open-store.js';
import type { ListQuery } from '../../../src/ledger/store.js';
import { create, openLedger } from '../ledger/ledger.js';

/* An application that is bundled into one file, without what stands beside the server's: it lists what it has written. */

const [url = ''] = process.argv.slice(2);
const store = await openStore(url, { report: (kind, line) => console.log(`report ${kind}: ${line}`) });
const ledger = await openLedger(store);
const ALL: ListQuery = { includeDeleted: false, sortBy: 'id', sortOrder: 'asc', limit: 10, offset: 0 };
for (const id of ['a', 'b']) await ledger.write(create(id));
const lists = await Promise.all([1, 2, 3, 4].map(() => ledger.reader.list(ALL)));
for (const { rows } of lists) console.log(`listed ${rows.map(({ id }) => id).join(',')}`);
const { alterations } = await ledger.reader.history('a', 1, 10);
console.log(`history ${alterations.length}`);
await ledger.close();
console.log('closed');
