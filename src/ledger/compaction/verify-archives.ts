import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { genesisHash } from '../integrity/hash-chain.js';
import { rowFault } from '../integrity/verify-ledger.js';
import type { TenantLedger } from '../store.js';
import type { TransferLine } from '../transfer/lines.js';

/** A part of a chain that an archive has, sound in itself. */
export interface ArchivedPart {
  readonly file: string;
  readonly tenant: string;
  readonly epoch: string;
  readonly after: number;
  /** What its first row follows. */
  readonly from: string;
  readonly seq: number;
  readonly hash: string;
  /** SHA-256 of the file. */
  readonly digest: string;
}

/** An archive is not what was written. */
export class ArchiveFault extends Error {}

/** Reads an archive, each row checked against its hash. @param lines each with its line end. @throws ArchiveFault */
export async function readArchive(file: string, lines: AsyncIterable<string>): Promise<ArchivedPart> {
  const digest = createHash('sha256');
  let begun: { tenant: string; epoch: string; after: number; from: string | undefined } | undefined;
  let [seq, hash, isWhole] = [0, '', false];
  const wrong = (what: string): ArchiveFault => new ArchiveFault(`${file}: ${what}`);
  for await (const text of lines) {
    digest.update(text);
    const line = lineOf(text) ?? wrong('a line is not as it was written');
    if (line instanceof ArchiveFault) throw line;
    if (line.type === 'ledger') {
      if (begun) throw wrong('it is no archive: it has several ledgers; atome-sync import checks what it takes in');
      begun = { ...line, from: undefined };
      seq = line.after;
    } else if (line.type === 'alteration' && begun) {
      begun.from ??= line.row.prevHash;
      const fault = rowFault(line.row, seq + 1, seq === begun.after ? begun.from : hash);
      if (fault) throw wrong(`alteration ${seq + 1}: ${fault}`);
      ({ seq, hash } = line.row);
    } else if (line.type === 'end') {
      isWhole = line.seq === seq && line.hash === hash;
    }
  }
  if (!begun || !isWhole || begun.from === undefined) throw wrong('it is cut short');
  const { tenant, epoch, after, from } = begun;
  return { file, tenant, epoch, after, from, seq, hash, digest: digest.digest('hex') };
}

function lineOf(text: string): TransferLine | undefined {
  try {
    return JSON.parse(text) as TransferLine;
  } catch {
    return undefined;
  }
}

/**
 * What is wrong with the archives of a ledger: they have to lead from its first alteration to its floor; undefined when nothing is.
 */
export async function archivesFault(ledger: TenantLedger, parts: readonly ArchivedPart[]): Promise<string | undefined> {
  const { tenant } = ledger;
  const head = (await ledger.write.head())!;
  const floor = await ledger.audit.floor();
  if (!floor) return 'the ledger has no floor: nothing of it is in an archive';
  const signed = parts.find(({ file }) => basename(file) === floor.archive);
  if (signed && signed.digest !== floor.archiveDigest) return `${signed.file} is not the file that was signed`;
  // what was interrupted may have left some that are not needed
  const reached = new Map([[placeOf(0, genesisHash(tenant, head.epoch)), 0]]);
  const inOrder = [...parts].sort((one, other) => one.after - other.after);
  for (const part of inOrder) {
    if (reached.has(placeOf(part.after, part.from))) reached.set(placeOf(part.seq, part.hash), part.seq);
  }
  if (reached.has(placeOf(floor.seq, floor.hash))) return undefined;
  const seq = Math.max(...[...reached.values()].filter((each) => each < floor.seq));
  const next = inOrder.find(({ after }) => after >= seq);
  if (next?.after === seq) return `${next.file} does not lead from what was before to the floor`;
  return `the archive of ${seq + 1} to ${next?.after ?? floor.seq} is missing`;
}

function placeOf(seq: number, hash: string): string {
  return `${seq} ${hash}`;
}
