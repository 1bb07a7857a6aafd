import { parse } from 'node:querystring';
import type { FastifyInstance } from 'fastify';
import { ruleOfRoute } from '../auth/authentication/request-authenticator.js';

/** Reads the queries of the module's own routes, whatever an application has its parser make of them. */
export function takeOwnQueries(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (ruleOfRoute(request)) {
      const mark = request.url.indexOf('?');
      request.query = mark < 0 ? {} : parse(request.url.slice(mark + 1), '&', '=', { maxKeys: 0 });
    }
    done();
  });
}
