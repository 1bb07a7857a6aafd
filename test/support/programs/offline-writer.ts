import { createClient } from '../../../client/src/index.js';
import { sqliteStore } from '../../../client/src/sqlite.js';
import { AT_ONCE, shownBy, writeMixed } from '../clients/offline.js';

/*
 * A program that is meant to be killed: `<url> <file> <total>` goes on writing until its store has kept so many writes,
 * says `kept <opId>` of each, waits until all are sent when the server is there, and says what it shows.
 */
const [url, path, total] = process.argv.slice(2) as [string, string, string];
const client = createClient({ url, store: sqliteStore({ path }), reconnect: AT_ONCE });
await client.list();
for (let n = client.status().pending; n < Number(total); n += 1) {
  const [opId] = await writeMixed(client, 1, n);
  console.log(`kept ${opId}`);
}
console.log(`shown ${JSON.stringify(await shownBy(client))}`);
client.on('sync:pending', ({ count }) => console.log(`pending ${count}`));
await client.flush();
console.log(`flushed ${JSON.stringify([await shownBy(client), await client.rejected()])}`);
await client.close();
