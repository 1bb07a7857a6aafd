import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { LedgerReader } from '../ledger/reader.js';

/**
 * A snapshot as lines of JSON: a header with `epoch`, `seq` and `hash`, every atome as of exactly that seq,
 * and a trailer with their number and the SHA-256 of their lines. Without the trailer it is not whole.
 */
export function snapshotLines(
  reader: LedgerReader,
  tenant: string,
  kinds: readonly string[] | undefined,
  onError: (error: unknown) => void,
): Readable {
  const stream = Readable.from(lines(reader, tenant, kinds), { objectMode: false, highWaterMark: 64 * 1024 });
  stream.on('error', onError);
  return stream;
}

async function* lines(
  reader: LedgerReader,
  tenant: string,
  kinds: readonly string[] | undefined,
): AsyncGenerator<string> {
  const { epoch, seq, hash } = await reader.head(tenant);
  yield `${JSON.stringify({ epoch, seq, hash })}\n`;
  const digest = createHash('sha256');
  let count = 0;
  for await (const atome of reader.snapshot(tenant, seq, kinds)) {
    const line = `${JSON.stringify(atome)}\n`;
    digest.update(line);
    count += 1;
    yield line;
  }
  yield `${JSON.stringify({ count, digest: digest.digest('hex') })}\n`;
}
