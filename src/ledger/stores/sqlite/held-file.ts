import { closeSync, openSync, readSync, statSync } from 'node:fs';

interface Held {
  readonly fd: number;
  users: number;
}

/** By device and inode. */
const held = new Map<string, Held>();

/**
 * A file of an open database, held open for reading. A process that closes any descriptor of a file lets go of all the
 * locks that it has on it (POSIX), those of SQLite too: so all of this process share one, and the last one closes it.
 */
export class HeldFile {
  private readonly key: string;
  private readonly file: Held;

  constructor(path: string) {
    const { dev, ino } = statSync(path);
    this.key = `${dev}:${ino}`;
    this.file = held.get(this.key) ?? { fd: openSync(path, 'r'), users: 0 };
    this.file.users += 1;
    held.set(this.key, this.file);
  }

  /** Fills the buffer from a place in the file; returns how many bytes there were. */
  read(into: Uint8Array, at: number): number {
    return readSync(this.file.fd, into, 0, into.byteLength, at);
  }

  /** To be called when the database is closed, not before. */
  close(): void {
    this.file.users -= 1;
    if (this.file.users > 0) return;
    held.delete(this.key);
    closeSync(this.file.fd);
  }
}
