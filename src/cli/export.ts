import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { UsageError } from '../config/command-line.js';
import { exportLedger } from '../ledger/transfer/export-ledger.js';
import { FIRST_LINE, type TransferLine } from '../ledger/transfer/lines.js';
import { command, Failure } from './command.js';
import { DATABASE_SETTINGS, withStore } from './database.js';

export default command({
  name: 'export',
  about: `Writes every ledger in DATABASE_URL as lines of JSON, with its history and its hashes: atome-sync import takes them in, in the
same or in another kind of database, where they verify with the same head. The server may run. Accounts and sessions, and where
consumers are, are not in it. There is all that was ever written in the file: keep it as safe as the database.`,
  takes: ['<file>'],
  flags: {
    tenant: { type: 'string', multiple: true, takes: '<name>', help: 'only this one; may be given several times' },
    after: { type: 'string', default: '0', takes: '<seq>', help: 'only what is behind; needs one --tenant' },
  },
  settings: DATABASE_SETTINGS,
  failure: 'the file is not whole, and has not been given its name',

  async run({ values: { tenant: wanted, after }, takes: [file = ''], config, print, progress }) {
    const seq = /^\d{1,15}$/.test(after) ? Number(after) : NaN;
    if (Number.isNaN(seq)) throw new UsageError('--after: expected a seq, in digits alone');
    if (seq > 0 && wanted.length !== 1) throw new UsageError('--after: needs exactly one --tenant');
    return withStore(config().atome, async (store) => {
      const known = await store.tenants();
      const missing = wanted.find((tenant) => !known.includes(tenant));
      if (missing !== undefined) throw new Failure(`there is no ledger of "${missing}" (--tenant)`);
      const out = file === '-' ? process.stdout : createWriteStream(`${file}.part`, { mode: 0o600 });
      await write(out, FIRST_LINE);
      const ended: TransferLine[] = [];
      for (const tenant of wanted.length > 0 ? wanted : known) {
        const told = (at: number, head: number): void => progress(`${tenant}: ${at} of ${head}`);
        const ledger = store.ledger(tenant);
        if (seq > (await ledger.write.head())!.seq) throw new Failure(`"${tenant}" has no alteration ${seq} (--after)`);
        for await (const line of exportLedger({ ledger, database: store, after: seq, progress: told })) {
          await write(out, line);
          if (line.type === 'end') ended.push(line);
        }
        progress();
      }
      if (file === '-') return 0;
      out.end();
      await once(out, 'close');
      await rename(`${file}.part`, file);
      for (const line of ended) {
        if (line.type === 'end') print(line, `${line.tenant}: exported up to ${line.seq}, head ${line.hash}`);
      }
      return 0;
    });
  },
});

async function write(out: Writable, line: TransferLine): Promise<void> {
  if (!out.write(`${JSON.stringify(line)}\n`)) await once(out, 'drain');
}
