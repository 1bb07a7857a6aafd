import { PassThrough } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { JSON_TYPE } from '../http/media-type.js';
import { KEEP_ALIVE_MS } from './event-stream.js';

/** Longest wait, in milliseconds: proxies commonly give up after 60 s in which they have heard nothing. */
export const MAX_WAIT_MS = 55_000;

/**
 * Sends JSON that may have to wait. Headers go out when the wait begins, and a space, which JSON allows in front, now
 * and then: whoever stands between hears that it goes on.
 * @param make gets what to call when it begins to wait. What it refuses before that is thrown on; behind it the status
 * is out, and the answer is cut off, which tells the client to ask again.
 */
export async function sendWhenKnown(
  reply: FastifyReply,
  make: (waits: () => void) => Promise<string>,
  onError: (error: unknown) => void,
): Promise<void> {
  const late: { body?: PassThrough } = {};
  void reply.type(JSON_TYPE);
  try {
    const json = await make(() => {
      if (late.body) return;
      late.body = beatingBody();
      void reply.send(late.body);
    });
    if (late.body) late.body.end(json);
    else void reply.send(json);
  } catch (error) {
    if (!late.body) throw error;
    onError(error);
    late.body.destroy(error as Error);
  }
}

function beatingBody(): PassThrough {
  const body = new PassThrough();
  body.write(' ');
  const beat = setInterval(() => body.write(' '), KEEP_ALIVE_MS);
  const stop = (): void => clearInterval(beat);
  body.once('finish', stop).once('close', stop);
  return body;
}
