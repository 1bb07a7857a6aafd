import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

export const NDJSON = 'application/x-ndjson; charset=utf-8';

export interface Ndjson<H extends object> {
  readonly header: () => H | Promise<H>;
  readonly records: (header: H) => AsyncIterable<object>;
  readonly onError: (error: unknown) => void;
  /** Cuts the answer off where it is, also when nobody takes it. */
  readonly signal?: AbortSignal;
}

/**
 * Lines of JSON, made as fast as they are taken: a header, the records, and a trailer with their number and the
 * SHA-256 of their lines. Without the trailer it is not whole.
 */
export function ndjson<H extends object>(request: Ndjson<H>): Readable {
  const stream = Readable.from(lines(request), { objectMode: false, highWaterMark: 64 * 1024 });
  stream.on('error', request.onError);
  request.signal?.addEventListener('abort', () => stream.destroy());
  return stream;
}

async function* lines<H extends object>({ header, records }: Ndjson<H>): AsyncGenerator<string> {
  const first = await header();
  yield `${JSON.stringify(first)}\n`;
  const digest = createHash('sha256');
  let count = 0;
  for await (const record of records(first)) {
    const line = `${JSON.stringify(record)}\n`;
    digest.update(line);
    count += 1;
    yield line;
  }
  yield `${JSON.stringify({ count, digest: digest.digest('hex') })}\n`;
}
