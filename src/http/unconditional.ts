import type { FastifyInstance } from 'fastify';
import { RULE, TAKES_PRECONDITIONS, type Rule } from '../auth/authentication/request-authenticator.js';
import { AtomeError } from '../protocol/index.js';

/**
 * Refuses `If-Match` on the writes that are not to one atome: they have no tag that could match, and to write all the same
 * is what the caller has ruled out (RFC 9110 §13.1.1).
 */
export function refuseUnknownPreconditions(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', ({ method, headers, routeOptions }, _reply, done) => {
    const config = routeOptions.config as { [RULE]?: Rule; [TAKES_PRECONDITIONS]?: boolean };
    const isWrite = method !== 'GET' && method !== 'HEAD';
    if (headers['if-match'] === undefined || !isWrite || config[RULE] === undefined || config[TAKES_PRECONDITIONS]) {
      done();
      return;
    }
    done(
      new AtomeError(
        'precondition_failed',
        'what this call writes has no entity tag, so If-Match cannot hold; leave it out (a write of a push may name its baseVersion)',
      ),
    );
  });
}
