import type { FastifyReply } from 'fastify';
import { Deadline } from '../access/deadline.js';

/**
 * Aborts when the answer has ended, when its client has gone away, when the caller's token ends, or when the
 * server goes down.
 */
export function endOf(reply: FastifyReply, drain: AbortSignal, expiresAt: number | null): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const expiry = new Deadline(expiresAt, abort);
  drain.addEventListener('abort', abort);
  reply.raw.once('close', () => {
    drain.removeEventListener('abort', abort);
    expiry.clear();
    abort();
  });
  if (drain.aborted) abort();
  return controller.signal;
}
