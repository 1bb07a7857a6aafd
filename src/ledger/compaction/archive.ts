import { createHash } from 'node:crypto';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { rowFault } from '../integrity/verify-ledger.js';
import { genesisHash, sha256 } from '../integrity/hash-chain.js';
import type { FloorRow } from '../rows.js';
import type { TenantLedger } from '../store.js';
import { FIRST_LINE, type TransferLine } from '../transfer/lines.js';

const ROWS = 500;
const CHARS = 4 * 1024 * 1024;

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
  const archive = nameOf(tenant, epoch, (floor?.seq ?? 0) + 1, upTo);
  const part = join(folder, `${archive}.part`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = await open(part, 'w', 0o600);
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
  } finally {
    await file.close();
  }
  await rename(part, join(folder, archive));
  await syncFolder(folder);
  return { hash, timestamp, archive, archiveDigest: digest.digest('hex') };
}

/** Of any tenant and ledger a name of its own, which a file system takes. */
function nameOf(tenant: string, epoch: string, from: number, to: number): string {
  const readable = tenant.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64);
  return `${readable}-${sha256(`${tenant}\n${epoch}`).slice(0, 8)}.${from}-${to}.ndjson`;
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
