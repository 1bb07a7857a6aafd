import type { Readable } from 'node:stream';
import { ndjson } from '../http/ndjson.js';

/** What a snapshot begins with. */
export interface SnapshotHead {
  readonly epoch: string;
  readonly seq: number;
  readonly hash: string;
  readonly rights: string;
}

/** A snapshot as lines of JSON: a header, and every atome that may be seen as of exactly that seq. */
export function snapshotLines(
  head: SnapshotHead,
  atomes: AsyncIterable<string>,
  onError: (error: unknown) => void,
  signal: AbortSignal,
): Readable {
  return ndjson({ header: () => head, records: () => atomes, onError, signal });
}
