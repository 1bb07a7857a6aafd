import { endianness } from 'node:os';
import type { HeldFile } from './held-file.js';

/**
 * What the processes that use a SQLite database tell each other of its log, in the `-shm` file
 * (https://sqlite.org/walformat.html#wal_index_file_format). All that SQLite writes to the other two files shows here.
 */
export interface WalIndex {
  readonly pageSize: number;
  /** Committed frames in the log. */
  readonly frames: number;
  /** Pages of the database. */
  readonly pages: number;
  /** The sum over the log up to its last committed frame. */
  readonly sum: readonly [number, number];
  /** Names one filling of the log: drawn anew each time it begins again. */
  readonly salt: bigint;
  /** Frames that are in the file of the database, too, and frames that a checkpoint has begun to write there. */
  readonly copied: number;
  readonly begun: number;
}

const HEADER_BYTES = 48;
const COPIED_AT = 96;
const BEGUN_AT = 128;
const INDEX_BYTES = 136;
const LITTLE = endianness() === 'LE';
/** The index is written without a lock for its readers: its header stands there twice, and counts when both agree. */
const TRIES = 100;

/** Undefined while there is no index, or when another process never leaves it alone. */
export function readWalIndex(file: HeldFile): WalIndex | undefined {
  const bytes = Buffer.alloc(INDEX_BYTES);
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (file.read(bytes, 0) < INDEX_BYTES) return undefined;
    if (bytes.compare(bytes, 0, HEADER_BYTES, HEADER_BYTES, 2 * HEADER_BYTES) === 0) return walIndexOf(bytes);
  }
  return undefined;
}

function walIndexOf(bytes: Buffer): WalIndex {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const number = (at: number): number => view.getUint32(at, LITTLE);
  const size = view.getUint16(14, LITTLE);
  return {
    // 65,536 does not fit: it is written as 1
    pageSize: (size & 0xfe00) | ((size & 1) << 16),
    frames: number(16),
    pages: number(20),
    sum: [number(24), number(28)],
    salt: bytes.readBigUInt64BE(32),
    copied: number(COPIED_AT),
    begun: number(BEGUN_AT),
  };
}
