import { sqliteStore } from '../../../client/src/sqlite.js';
import { createBackends, type Backends } from '../../../client/src/dual.js';
import { AT_ONCE } from '../clients/offline.js';

/*
 * A program that is meant to be killed: `<local> <cloud> <folder> <name> <writes>` makes so many writes to two servers,
 * says `kept <opId>` of each and `pending <count>` of what waits for either server, and `flushed <rejected>` at its end.
 */
const [local, cloud, folder, name, writes] = process.argv.slice(2) as [string, string, string, string, string];

const options = (url: string, file: string): object => ({
  url,
  store: sqliteStore({ path: `${folder}/${file}.db` }),
  reconnect: AT_ONCE,
});
const client = createBackends({ local: options(local, 'local'), cloud: options(cloud, 'cloud') });
for (const each of [client.local, client.cloud]) {
  each.on('sync:pending', ({ count }) => console.log(`pending ${count}`));
}
for (let n = 0; n < Number(writes); n += 1) console.log(`kept ${(await write(n)).opId}`);
await client.flush();
console.log(`flushed ${(await client.local.rejected()).length + (await client.cloud.rejected()).length}`);
await client.close();

/** Each changes something; every third is to an atome that all programs share. */
function write(n: number): ReturnType<Backends['UnifiedAtome']['create']> {
  const { UnifiedAtome } = client;
  const id = `${name}.${n - (n % 9)}`;
  switch (n % 9) {
    case 0:
      return UnifiedAtome.create({ id, kind: 'note', data: { n } });
    case 1:
      return UnifiedAtome.alter(id, { operation: 'patch', changes: { deep: { n } } });
    case 3:
      return UnifiedAtome.alter(id, { operation: 'tag', changes: { tags: [`tag ${n}`] } });
    case 4:
      return UnifiedAtome.rename(id, `named ${n}`);
    case 6:
      return UnifiedAtome.alter(id, { operation: 'replace', changes: { data: { whole: n } } });
    case 7:
      return UnifiedAtome.delete(id);
    default:
      return UnifiedAtome.update('shared', { [`k${n % 2}`]: `${name} ${n}` });
  }
}
