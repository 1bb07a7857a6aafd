import type { FastifyReply } from 'fastify';
import { spreadMs } from '../http/drain.js';
import { requireCursor } from '../feed/changes.js';
import { isWhole } from '../feed/cursor-check.js';
import type { Feed } from '../feed/feed.js';
import type { FeedReader } from '../feed/reader.js';
import type { Cursor, Filter, Principal } from '../protocol/index.js';

export interface EventStreamRequest {
  readonly feed: Feed;
  readonly principal: Principal;
  /** What the caller may see, as `Cursor.rights`. */
  readonly rights: string;
  readonly reply: FastifyReply;
  readonly cursor: Cursor;
  readonly filter: Filter;
  readonly compact: boolean;
  /** Ends the stream. */
  readonly signal: AbortSignal;
}

/** Headers of a stream. */
export const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
};

/** A comment now and then keeps proxies from closing the stream, in milliseconds. */
export const KEEP_ALIVE_MS = 15_000;

/**
 * Server-sent events: the same reader as on a WebSocket, with the response as its sink. Every event has its
 * seq as `id`; `sync:live` and `sync:reset` are named events without one.
 * @throws AtomeError `reset`, or as {@link Feed.open}, before the stream has begun.
 */
export async function streamEvents(request: EventStreamRequest): Promise<void> {
  const { feed, principal, rights, reply, cursor, filter, signal } = request;
  const { tenant } = principal;
  const { tail } = await feed.log(tenant);
  const since = cursor.since ?? tail.seq;
  const compact = request.compact || (await isWhole(tail, since));
  await requireCursor(tail, cursor, rights, compact);
  const { raw } = reply;
  const named = (event: string, data: unknown): boolean =>
    raw.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  // nothing may be written behind the end, so the reader ends with it
  const end = (): void => {
    clearInterval(keepAlive);
    signal.removeEventListener('abort', leave);
    feed.close(tenant, reader);
    raw.end();
  };
  // where and when to go on
  const leave = (): void => {
    if (!raw.destroyed) {
      reader.tellCursor();
      raw.write(`retry: ${spreadMs()}\n\n`);
    }
    end();
  };
  const reader: FeedReader = await feed.open(tenant, {
    principal,
    since,
    filter,
    compact,
    form: 'sse',
    sink: {
      get unsent(): number {
        return raw.writableLength;
      },
      write: (bytes) => void raw.write(bytes),
      live: (seq) => void named('sync:live', { type: 'sync:live', seq }),
      reset: (reason, epoch, head) => {
        named('sync:reset', { type: 'sync:reset', reason, epoch, head });
        end();
      },
    },
  });
  reply.hijack();
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    ...STREAM_HEADERS,
  });
  raw.write(`retry: 1000\n\n`);
  // a client that has taken nothing between two comments takes nothing any more
  let wasWaiting = false;
  const keepAlive = setInterval(() => {
    const isWaiting = raw.writableLength > 0;
    if (isWaiting && wasWaiting) return void raw.destroy();
    wasWaiting = isWaiting;
    raw.write(':\n\n');
  }, KEEP_ALIVE_MS);
  raw.on('drain', () => {
    wasWaiting = false;
    reader.pump();
  });
  raw.once('close', end);
  signal.addEventListener('abort', leave);
  if (signal.aborted) return leave();
  reader.pump();
}
