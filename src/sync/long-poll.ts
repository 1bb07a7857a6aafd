import { PassThrough } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { isSent, type JsonAnswers } from '../http/json-answers.js';
import { JSON_TYPE } from '../http/media-type.js';
import { KEEP_ALIVE_MS } from './event-stream.js';

/** Longest wait, in milliseconds: proxies commonly give up after 60 s in which they have heard nothing. */
export const MAX_WAIT_MS = 55_000;

/** An answer that may have to wait. */
interface LongPoll {
  readonly reply: FastifyReply;
  readonly answers: JsonAnswers;
  readonly onError: (error: unknown) => void;
}

/**
 * Answers with JSON that may have to wait. Headers go out when the wait begins, and a space, which JSON allows in front, now
 * and then: whoever stands between hears that it goes on. What interceptors are to see has to wait without.
 * @param make gets what to call when it begins to wait. What it refuses before that is thrown on; behind it the status
 * is out, and the answer is cut off, which tells the client to ask again.
 */
export async function sendWhenKnown(
  { reply, answers, onError }: LongPoll,
  make: (waits: () => void) => Promise<string>,
): Promise<unknown> {
  const late: { body?: PassThrough } = {};
  try {
    const json = await make(() => {
      if (late.body || answers.areIntercepted) return;
      late.body = beatingBody();
      void reply.type(JSON_TYPE).send(late.body);
    });
    if (!late.body) return answers.of(json, reply);
    late.body.end(json);
  } catch (error) {
    if (!late.body) throw error;
    onError(error);
    late.body.destroy(error as Error);
  }
  await reply;
  return isSent(reply);
}

function beatingBody(): PassThrough {
  const body = new PassThrough();
  body.write(' ');
  const beat = setInterval(() => body.write(' '), KEEP_ALIVE_MS);
  const stop = (): void => clearInterval(beat);
  body.once('finish', stop).once('close', stop);
  return body;
}
