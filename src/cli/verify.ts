import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { ArchiveFault, archivesFault, readArchive, type ArchivedPart } from '../ledger/compaction/verify-archives.js';
import { errorWords } from '../database/error-words.js';
import type { SqlStore } from '../ledger/stores/sql.store.js';
import { command, Failure } from './command.js';
import { DATABASE_SETTINGS, ledgerKey, verdict, verifyAll, withStore } from './database.js';

export default command({
  name: 'verify',
  about: `Walks the hash chain of every ledger in DATABASE_URL and compares each atome with its history. Nothing is changed; the
server may run. A ledger that was compacted is walked from the signed statement of what stood at its floor.`,
  flags: {
    archive: {
      type: 'string',
      multiple: true,
      takes: '<file>',
      help: 'walk an archive too; with all of a ledger, from its first alteration on',
    },
    key: {
      type: 'string',
      multiple: true,
      takes: '<public key>',
      help: 'one that floors may be signed with, beside that of LEDGER_KEY',
    },
    'dry-run': { type: 'boolean', help: 'only say what would be walked' },
  },
  settings: [...DATABASE_SETTINGS, 'LEDGER_KEY'],
  failure: 'something is not as it was written, and the first bad row is named',

  run: ({ values, database, print, progress }) =>
    withStore(database(), async (store) => {
      if ((await store.tenants()).length === 0) print({ ledgers: 0 }, 'there is no ledger yet');
      if (!values['dry-run']) {
        const floors = await store.rows('SELECT 1 AS found FROM atome_floors LIMIT 1');
        // a key is made where there is none, and nothing is to be changed
        const trusted = floors.length > 0 ? [(await ledgerKey(store, database())).publicKey, ...values.key] : undefined;
        const isSound = await verifyAll(store, (result) => print(result, verdict(result)), progress, trusted);
        const parts: ArchivedPart[] = [];
        for (const file of values.archive) parts.push(await read(file));
        const isLinked = await verifyArchives(store, parts, print);
        return isSound && isLinked ? 0 : 1;
      }
      for (const [tenant, { seq, atomes }] of await store.heads(await store.tenants())) {
        print(
          { tenant, alterations: seq, atomes },
          `${tenant}: ${seq} alterations and ${atomes} atomes would be walked`,
        );
      }
      return 0;
    }),
});

async function verifyArchives(
  store: SqlStore,
  parts: readonly ArchivedPart[],
  print: (result: object, text: string) => void,
): Promise<boolean> {
  let isSound = true;
  const known = new Set(await store.tenants());
  for (const tenant of new Set(parts.map((part) => part.tenant))) {
    const own = parts.filter((part) => part.tenant === tenant);
    const fault = known.has(tenant) ? await archivesFault(store.ledger(tenant), own) : 'there is no such ledger here';
    const text = fault ?? `sound from the first alteration on, with ${own.length} archives`;
    print({ tenant, archives: own.length, fault }, `${tenant}: ${fault === undefined ? '' : 'BAD: '}${text}`);
    isSound &&= fault === undefined;
  }
  return isSound;
}

async function read(file: string): Promise<ArchivedPart> {
  try {
    return await readArchive(file, linesOf(file));
  } catch (error) {
    throw new Failure(error instanceof ArchiveFault ? error.message : `${file}: ${errorWords(error)}`, {
      cause: error,
    });
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const input = createReadStream(file);
  let failure: Error | undefined;
  const lines = createInterface({ input, crlfDelay: Infinity });
  input.on('error', (error) => {
    failure = error;
    lines.close();
  });
  for await (const line of lines) yield `${line}\n`;
  if (failure) throw failure;
}
