import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { isObject } from '../protocol/index.js';
import { ImportError, LedgerImport } from '../ledger/transfer/import-ledger.js';
import type { TransferLine } from '../ledger/transfer/lines.js';
import { command, Failure } from './command.js';
import { DATABASE_SETTINGS, withStore } from './database.js';

const TYPES: readonly unknown[] = ['atome-sync', 'ledger', 'alteration', 'receipt', 'end'];

export default command({
  name: 'import',
  about: `Takes what atome-sync export has written into DATABASE_URL, whose tables are made where they are missing. Each row is checked
against its hash. What is interrupted goes on where it was when it is called again; what is there already is not added twice.
A ledger that was written to in both places is refused.`,
  takes: ['<file>'],
  flags: {},
  settings: DATABASE_SETTINGS,
  failure: 'not all is taken in; what is, is whole',

  async run({ takes: [file = ''], database, print, progress }) {
    return withStore(
      database(),
      async (store) => {
        const into = new LedgerImport(store, (tenant, seq) => progress(`${tenant}: ${seq}`));
        let number = 0;
        try {
          for await (const text of linesOf(file)) {
            number += 1;
            const imported = await into.take(lineOf(text, number));
            if (!imported) continue;
            progress();
            const { tenant, added, seq, hash } = imported;
            print(imported, `${tenant}: ${added} alterations added, up to ${seq}, head ${hash}`);
          }
          into.close();
        } catch (error) {
          if (!(error instanceof ImportError)) throw error;
          throw new Failure(`${file}, line ${number}: ${error.message}`, { cause: error });
        }
        return 0;
      },
      { migrates: true },
    );
  },
});

function linesOf(file: string): AsyncIterable<string> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  const lines = createInterface({ input, crlfDelay: Infinity });
  input.on('error', (error: Error) => lines.emit('error', new Failure(`${file} cannot be read: ${error.message}`)));
  return lines;
}

function lineOf(text: string, number: number): TransferLine {
  const line = parsed(text);
  const isLine = isObject(line) && TYPES.includes(line.type) && (!('row' in line) || isObject(line.row));
  const isFirst = isObject(line) && line.type === 'atome-sync' && line.format === 1;
  if (isLine && (number > 1 || isFirst)) return line as unknown as TransferLine;
  throw new ImportError(
    number === 1 ? 'it is no file that atome-sync export of this version has written' : 'it is not as exported',
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
