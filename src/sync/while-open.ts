import type { FastifyReply } from 'fastify';
import type { Identity } from '../access/authenticator.js';
import { Deadline } from '../access/deadline.js';
import type { Places } from '../access/places.js';

/**
 * Aborts when an answer that lasts has ended, when its client has gone away, when the caller's token ends or is
 * withdrawn, or when the server goes down, where that is given.
 */
export function whileOpen(reply: FastifyReply, identity: Identity, places: Places, drain?: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const place = places.take(abort);
  place.belongTo(identity);
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
