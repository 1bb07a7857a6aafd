import { HeldFile } from './held-file.js';
import { readWalIndex, type WalIndex } from './wal-index.js';

/** How a file looks from outside. */
export interface Look {
  readonly size: number;
  readonly mtimeMs: number;
}

interface Seen {
  readonly main: Look;
  readonly log: Look;
  readonly index: WalIndex;
}

const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const LOG_SALT_AT = 16;
const MAGIC = 'SQLite format 3\0';
const CHUNK_FRAMES = 64;

/** Most often another process may be at work while it is looked: then the next look tells. */
const TRIES = 10;

/** The file that was overwritten. */
export type Overwritten = 'main' | 'log';

interface Looks {
  readonly main: Look;
  readonly log: Look;
}

/**
 * Finds out whether somebody has written into the file of an open database, or into its log, past SQLite: a copy over it,
 * a truncation, a tool. SQLite itself does not notice, writes on, and the next start finds what was put there. All that
 * SQLite does, in whatever process, shows in the index of the log.
 */
export class Overwriting {
  private readonly main: HeldFile;
  private readonly log: HeldFile;
  private readonly indexFile: HeldFile;
  private seen: Seen | undefined;

  /** @param look tells how the files look now. */
  constructor(
    paths: readonly string[],
    private readonly look: () => Looks,
  ) {
    [this.main, this.log, this.indexFile] = paths.map((path) => new HeldFile(path)) as [HeldFile, HeldFile, HeldFile];
  }

  /** Whether the files look as they did when they were last found sound. */
  isAsSeen({ main, log }: Looks): boolean {
    return this.seen !== undefined && isSame(main, this.seen.main) && isSame(log, this.seen.log);
  }

  /**
   * Undefined when both are what SQLite has written.
   * @param isOurs it has just been written, between two looks: what is in the log need not be read.
   */
  find(isOurs = false): Overwritten | undefined {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const index = readWalIndex(this.indexFile);
      if (!index) return undefined;
      // after the index: what another process writes from here on shows in the index next time
      const { main, log } = this.look();
      const found = { main, log, index };
      const overwritten = this.verdict(found, isOurs);
      if (!overwritten) {
        this.seen = found;
        return undefined;
      }
      const now = readWalIndex(this.indexFile);
      if (now && isSameLog(now, index) && now.begun === index.begun && now.copied === index.copied) return overwritten;
    }
    return undefined;
  }

  /** To be called when the database is closed, not before. */
  close(): void {
    for (const file of [this.main, this.log, this.indexFile]) file.close();
  }

  private verdict({ main, log, index }: Seen, isOurs: boolean): Overwritten | undefined {
    const { seen } = this;
    if (!seen || !isSame(main, seen.main)) {
      const isTold = !seen || mayHaveChangedMain(seen.index, index);
      if (!isTold || !this.isDatabase(main, index)) return 'main';
    }
    const isUntold = seen !== undefined && !isSame(log, seen.log) && isSameLog(seen.index, index);
    if (!isLongEnough(log, index)) return 'log';
    return (isOurs && !isUntold) || this.isLog(index, isUntold) ? undefined : 'log';
  }

  /** Where the whole log has been copied, the file is as long as the index says. */
  private isDatabase({ size }: Look, index: WalIndex): boolean {
    if (isCopying(index)) return true;
    const { pages, pageSize, frames, copied } = index;
    if (frames > 0 && copied === frames && size !== pages * pageSize) return false;
    const head = Buffer.alloc(MAGIC.length);
    return this.main.read(head, 0) === MAGIC.length && head.toString('latin1') === MAGIC;
  }

  private isLog(index: WalIndex, isUntold: boolean): boolean {
    const { frames, pageSize, salt, sum } = index;
    if (frames === 0) return true; // nothing in it counts
    const frameBytes = FRAME_HEADER_BYTES + pageSize;
    // whoever changed it without telling may have changed any of it; else its two ends tell
    if (isUntold) return this.isSummed(index);
    const header = Buffer.alloc(LOG_HEADER_BYTES);
    const last = Buffer.alloc(FRAME_HEADER_BYTES);
    this.log.read(header, 0);
    this.log.read(last, LOG_HEADER_BYTES + (frames - 1) * frameBytes);
    const salts = [header.readBigUInt64BE(LOG_SALT_AT), last.readBigUInt64BE(8)];
    return salts.every((each) => each === salt) && last.readUInt32BE(16) === sum[0] && last.readUInt32BE(20) === sum[1];
  }

  /** Whether the log adds up, from its header to its last committed frame. */
  private isSummed({ frames, pageSize, salt, sum }: WalIndex): boolean {
    const header = Buffer.alloc(LOG_HEADER_BYTES);
    this.log.read(header, 0);
    if (header.readBigUInt64BE(LOG_SALT_AT) !== salt) return false;
    const isLittle = (header.readUInt32BE(0) & 1) === 0;
    let sums = sumOf(header.subarray(0, 24), isLittle, [0, 0]);
    const frameBytes = FRAME_HEADER_BYTES + pageSize;
    for (let first = 0; first < frames; first += CHUNK_FRAMES) {
      const count = Math.min(CHUNK_FRAMES, frames - first);
      const chunk = Buffer.alloc(count * frameBytes);
      this.log.read(chunk, LOG_HEADER_BYTES + first * frameBytes);
      for (let at = 0; at < chunk.length; at += frameBytes) {
        sums = sumOf(chunk.subarray(at, at + 8), isLittle, sums);
        sums = sumOf(chunk.subarray(at + FRAME_HEADER_BYTES, at + frameBytes), isLittle, sums);
      }
    }
    return sums[0] === sum[0] && sums[1] === sum[1];
  }
}

function isLongEnough({ size }: Look, { frames, pageSize }: WalIndex): boolean {
  return frames === 0 || size >= LOG_HEADER_BYTES + frames * (FRAME_HEADER_BYTES + pageSize);
}

function isSame(one: Look, other: Look): boolean {
  return one.size === other.size && one.mtimeMs === other.mtimeMs;
}

/** A checkpoint alone writes there, and says so before: the file is as it was seen when none was at work, is, or was begun. */
function mayHaveChangedMain(before: WalIndex, now: WalIndex): boolean {
  return isCopying(before) || isCopying(now) || now.begun !== before.begun || now.salt !== before.salt;
}

function isCopying({ copied, begun }: WalIndex): boolean {
  return copied < begun;
}

function isSameLog(one: WalIndex, other: WalIndex): boolean {
  return one.salt === other.salt && one.frames === other.frames;
}

type Sums = readonly [number, number];

/** The sum of SQLite's log (https://sqlite.org/fileformat2.html#checksum_algorithm). */
function sumOf(bytes: Buffer, isLittle: boolean, [first, second]: Sums): Sums {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [s0, s1] = [first, second];
  for (let at = 0; at < bytes.byteLength; at += 8) {
    s0 = (s0 + view.getUint32(at, isLittle) + s1) >>> 0;
    s1 = (s1 + view.getUint32(at + 4, isLittle) + s0) >>> 0;
  }
  return [s0, s1];
}
