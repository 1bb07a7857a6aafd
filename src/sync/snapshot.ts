import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Atome } from '../protocol/index.js';

/** What a snapshot begins with. */
export interface SnapshotHead {
  readonly epoch: string;
  readonly seq: number;
  readonly hash: string;
  readonly rights: string;
}

/**
 * A snapshot as lines of JSON: a header, every atome that may be seen as of exactly that seq,
 * and a trailer with their number and the SHA-256 of their lines. Without the trailer it is not whole.
 */
export function snapshotLines(
  head: SnapshotHead,
  atomes: AsyncIterable<Atome>,
  onError: (error: unknown) => void,
): Readable {
  const stream = Readable.from(lines(head, atomes), { objectMode: false, highWaterMark: 64 * 1024 });
  stream.on('error', onError);
  return stream;
}

async function* lines(head: SnapshotHead, atomes: AsyncIterable<Atome>): AsyncGenerator<string> {
  yield `${JSON.stringify(head)}\n`;
  const digest = createHash('sha256');
  let count = 0;
  for await (const atome of atomes) {
    const line = `${JSON.stringify(atome)}\n`;
    digest.update(line);
    count += 1;
    yield line;
  }
  yield `${JSON.stringify({ count, digest: digest.digest('hex') })}\n`;
}
