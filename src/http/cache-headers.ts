import type { FastifyInstance, FastifyReply } from 'fastify';
import { RULE, type Rule } from '../auth/authentication/request-authenticator.js';

/**
 * Says of every answer of ours that it is for its caller, and for now: no cache may keep it. Routes of the application
 * around us are left alone. What may be kept all the same says so with {@link allowRevalidation}.
 */
export function keepOutOfCaches(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    if ((request.routeOptions.config as { [RULE]?: Rule })[RULE] !== undefined) keepAnswerOutOfCaches(reply);
    done();
  });
}

/** Says it of one answer. */
export function keepAnswerOutOfCaches(reply: FastifyReply): void {
  // a call that stands where all calls are said to be so already
  if (reply.getHeader('cache-control') === 'no-store') return;
  void reply.header('cache-control', 'no-store');
  varyBy(reply, 'Authorization');
}

/** Lets the caller's own cache keep an answer, which has to ask with its tag each time before it uses it. */
export function allowRevalidation(reply: FastifyReply, etag: string): void {
  void reply.header('etag', etag);
  void reply.header('cache-control', 'private, no-cache');
}

/** Adds a header of the request that an answer depends on to those that are named already. */
export function varyBy(reply: FastifyReply, name: string): void {
  const named = reply.getHeader('vary');
  if (named === undefined) {
    void reply.header('vary', name);
    return;
  }
  const names = String(named)
    .split(',')
    .map((each) => each.trim().toLowerCase());
  if (!names.includes('*') && !names.includes(name.toLowerCase()))
    void reply.header('vary', `${String(named)}, ${name}`);
}
