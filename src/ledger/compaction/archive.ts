import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorWords } from '../../database/error-words.js';
import { rowFault } from '../integrity/verify-ledger.js';
import { genesisHash, sha256 } from '../integrity/hash-chain.js';
import type { FloorRow } from '../rows.js';
import type { TenantLedger } from '../store.js';
import { FIRST_LINE, type TransferLine } from '../transfer/lines.js';

const ROWS = 500;
const CHARS = 4 * 1024 * 1024;
const ENDING = '.ndjson';
const PART = '.part';

/** The ledger is not as it was written; nothing has been dropped. */
export class CompactionError extends Error {}

/** Which alterations go into an archive: those behind a floor, up to a seq. */
export interface ArchivedRange {
  readonly ledger: TenantLedger;
  readonly epoch: string;
  /** undefined: there is none yet. */
  readonly floor: Pick<FloorRow, 'seq' | 'hash'> | undefined;
  readonly upTo: number;
  /** Is awaited between pages, with how far it is. */
  readonly keepOn: (seq: number) => Promise<void>;
}

/** An archive, and what stands at its end. */
export type Archived = Pick<FloorRow, 'hash' | 'timestamp' | 'archive' | 'archiveDigest'>;

/**
 * Writes a range of a ledger to a file as `atome-sync import` takes it in, each row checked against its hash. The file has its name,
 * and is on the disk, when it is whole. @throws CompactionError
 */
export async function writeArchive(folder: string, range: ArchivedRange): Promise<Archived> {
  const { ledger, epoch, floor, upTo, keepOn } = range;
  const { tenant } = ledger;
  const name = nameOf(tenant, epoch);
  const archive = `${name}.${(floor?.seq ?? 0) + 1}-${upTo}${ENDING}`;
  // of its own: what another process has under way under this name, if there is one, must not get mixed with it
  const part = join(folder, `${name}.${randomUUID()}${PART}`);
  await makeFolder(folder);
  await removeParts(folder, name);
  const file = await open(part, 'wx', 0o600);
  const digest = createHash('sha256');
  const write = async (lines: readonly TransferLine[]): Promise<void> => {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    digest.update(text);
    await file.appendFile(text);
  };
  let [seq, hash, timestamp] = [floor?.seq ?? 0, floor?.hash ?? genesisHash(tenant, epoch), ''];
  try {
    await write([FIRST_LINE, { type: 'ledger', tenant, epoch, after: seq }]);
    while (seq < upTo) {
      const rows = await ledger.alterations.page({ after: seq, upTo, limit: ROWS, chars: CHARS });
      if (rows.length === 0) throw new CompactionError(`${tenant}: the alteration ${seq + 1} is missing`);
      for (const row of rows) {
        const fault = rowFault(row, seq + 1, hash);
        if (fault) throw new CompactionError(`${tenant}, alteration ${seq + 1}: ${fault}`);
        ({ seq, hash, timestamp } = row);
      }
      await write(rows.map((row) => ({ type: 'alteration', row })));
      await keepOn(seq);
    }
    await write([{ type: 'end', tenant, seq, hash, propagations: [] }]);
    await file.sync();
    await file.close();
    await rename(part, join(folder, archive));
  } catch (error) {
    await file.close().catch(() => undefined);
    // on a disk that is full the rest is wanted
    await rm(part, { force: true });
    throw error;
  }
  await syncFolder(folder);
  return { hash, timestamp, archive, archiveDigest: digest.digest('hex') };
}

/** What is wrong with an archive in a folder; undefined when it is what was signed. */
export async function archiveFault(
  folder: string,
  { archive, archiveDigest }: Pick<FloorRow, 'archive' | 'archiveDigest'>,
): Promise<string | undefined> {
  const digest = createHash('sha256');
  try {
    for await (const chunk of createReadStream(join(folder, archive))) digest.update(chunk as Buffer);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : errorWords(error);
  }
  return digest.digest('hex') === archiveDigest ? undefined : 'is not the file that was written';
}

/** Of any tenant and ledger a name of its own, which a file system takes. */
function nameOf(tenant: string, epoch: string): string {
  const readable = tenant.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64);
  return `${readable}-${sha256(`${tenant}\n${epoch}`).slice(0, 8)}`;
}

/** What was killed has left them; who is still at one fails at its end. */
async function removeParts(folder: string, name: string): Promise<void> {
  const parts = (await readdir(folder)).filter((each) => each.startsWith(`${name}.`) && each.endsWith(PART));
  for (const each of parts) await rm(join(folder, each), { force: true });
}

/** The names of those that are made are on the disk. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const end = dirname(resolve(first));
  for (let made = resolve(folder); made !== end; made = dirname(made)) await syncFolder(dirname(made));
}

/** The name of a file is on the disk when its folder is. Windows has no such call. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
