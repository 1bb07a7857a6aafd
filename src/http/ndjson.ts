import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

export const NDJSON = 'application/x-ndjson; charset=utf-8';

export interface Ndjson<H extends object> {
  readonly header: () => H | Promise<H>;
  /** Texts are JSON already. */
  readonly records: (header: H) => AsyncIterable<object | string>;
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

/** What goes out at once, in characters. */
const CHUNK = 64 * 1024;

async function* lines<H extends object>({ header, records }: Ndjson<H>): AsyncGenerator<string> {
  const first = await header();
  yield `${JSON.stringify(first)}\n`;
  const digest = createHash('sha256');
  let [count, chunk] = [0, ''];
  const take = (): string => {
    const taken = chunk;
    digest.update(taken);
    chunk = '';
    return taken;
  };
  for await (const record of records(first)) {
    chunk += `${typeof record === 'string' ? record : JSON.stringify(record)}\n`;
    count += 1;
    if (chunk.length >= CHUNK) yield take();
  }
  if (chunk !== '') yield take();
  yield `${JSON.stringify({ count, digest: digest.digest('hex') })}\n`;
}
