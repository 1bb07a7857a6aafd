import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { errorWords } from '../database/error-words.js';
import { UsageError } from '../config/command-line.js';
import { exportLedger } from '../ledger/transfer/export-ledger.js';
import { FIRST_LINE, type TransferLine } from '../ledger/transfer/lines.js';
import { command, Failure } from './command.js';
import { DATABASE_SETTINGS, requireFree, withStore } from './database.js';

export default command({
  name: 'export',
  about: `Writes every ledger in DATABASE_URL as lines of JSON, with its history and its hashes: atome-sync import takes them in, in the
same or in another kind of database, where they verify with the same head. The server may run. A ledger that was compacted
begins at its floor: its archives come first. Accounts and sessions, and where consumers are, are not in it. There is all that was ever written in the file: keep it as safe as the database.`,
  takes: ['<file>'],
  flags: {
    tenant: { type: 'string', multiple: true, takes: '<name>', help: 'only this one; may be given several times' },
    replace: { type: 'boolean', help: 'take the place of a file that is there' },
    after: { type: 'string', default: '0', takes: '<seq>', help: 'only what is behind; needs one --tenant' },
  },
  settings: DATABASE_SETTINGS,
  failure: 'the file is not whole, and has not been given its name',

  async run({ values: { tenant: wanted, after, replace }, takes: [file = ''], database, print, progress }) {
    const seq = /^\d{1,15}$/.test(after) ? Number(after) : NaN;
    if (Number.isNaN(seq)) throw new UsageError('--after: expected a seq, in digits alone');
    if (seq > 0 && wanted.length !== 1) throw new UsageError('--after: needs exactly one --tenant');
    const atome = database();
    if (file !== '-') requireFree(file, atome, replace);
    return withStore(atome, async (store) => {
      const known = await store.tenants();
      const missing = wanted.find((tenant) => !known.includes(tenant));
      if (missing !== undefined) throw new Failure(`there is no ledger of "${missing}" (--tenant)`);
      const ended: (TransferLine & { type: 'end' })[] = [];
      const begins: [tenant: string, floor: number][] = [];
      const lines = async function* (): AsyncGenerator<string> {
        yield textOf(FIRST_LINE);
        for (const tenant of wanted.length > 0 ? wanted : known) {
          const told = (at: number, head: number): void => progress(`${tenant}: ${at} of ${head}`);
          const ledger = store.ledger(tenant);
          if (seq > (await ledger.write.head())!.seq)
            throw new Failure(`"${tenant}" has no alteration ${seq} (--after)`);
          const floor = (await ledger.audit.floor())?.seq ?? 0;
          if (seq > 0 && seq < floor)
            throw new Failure(`"${tenant}" begins behind seq ${floor} (--after): what was before is in archives`);
          if (floor > seq) begins.push([tenant, floor]);
          const options = { ledger, database: store, after: Math.max(seq, floor), progress: told };
          for await (const line of exportLedger(options)) {
            yield textOf(line);
            if (line.type === 'end') ended.push(line);
          }
          progress();
        }
      };
      const part = `${file}.part`;
      const out = file === '-' ? process.stdout : createWriteStream(part, { mode: 0o600 });
      await pipeline(lines, out, { end: file !== '-' }).catch((error: unknown) => {
        throw error instanceof Failure
          ? error
          : new Failure(`${file === '-' ? 'the output' : part}: ${errorWords(error)}`);
      });
      for (const [tenant, floor] of begins)
        process.stderr.write(`${tenant}: begins behind seq ${floor}: import its archives before it\n`);
      if (file === '-') return 0;
      await rename(part, file);
      for (const line of ended) print(line, `${line.tenant}: exported up to ${line.seq}, head ${line.hash}`);
      return 0;
    });
  },
});

function textOf(line: TransferLine): string {
  return `${JSON.stringify(line)}\n`;
}
