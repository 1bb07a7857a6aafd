import type { FastifyReply, FastifyRequest } from 'fastify';
import { Deadline } from '../access/deadline.js';
import { identityOf } from '../access/doorkeeper.js';
import type { Place } from '../access/places.js';

/**
 * Aborts when an answer that lasts has ended, when its client has gone away, when the caller's token ends or is
 * withdrawn, or when the server goes down, where that is given.
 * @param take takes the place of the answer; what it is given is called when the place is lost.
 * @throws AtomeError when there is no place for it.
 */
export function whileOpen(
  request: FastifyRequest,
  reply: FastifyReply,
  take: (lapsed: () => void) => Place,
  drain?: AbortSignal,
): AbortSignal {
  const identity = identityOf(request)!;
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const place = take(abort);
  try {
    place.belongTo(identity);
  } catch (error) {
    place.leave();
    throw error;
  }
  const expiry = new Deadline(identity.expiresAt, abort);
  drain?.addEventListener('abort', abort);
  reply.raw.once('close', () => {
    drain?.removeEventListener('abort', abort);
    expiry.clear();
    place.leave();
    abort();
  });
  if (drain?.aborted) abort();
  return controller.signal;
}
