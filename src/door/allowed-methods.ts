import type { FastifyInstance } from 'fastify';
import { AtomeError } from '../protocol/index.js';

interface Route {
  readonly methods: readonly string[];
  readonly pattern: RegExp;
}

/** Answers a path that is there under another method with 405 and `Allow` (RFC 9110 §15.5.6), not with 404. */
export function refuseOtherMethods(fastify: FastifyInstance): void {
  const routes: Route[] = [];
  fastify.addHook('onRoute', ({ method, url }) => {
    // the preflights of CORS have all paths; what is not there stays 404
    if (url === '*') return;
    routes.push({ methods: [method].flat(), pattern: patternOf(url) });
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    const path = request.url.split('?', 1)[0]!;
    const methods = new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods));
    if (methods.size === 0) return done();
    const allow = [...methods].join(', ');
    void reply.header('Allow', allow);
    done(new AtomeError('method_not_allowed', `${request.method} is not possible here; use ${allow}`));
  });
}

function patternOf(url: string): RegExp {
  const parts = url.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${parts.replace(/:[^/]+/g, '[^/]+')}$`);
}
