import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RULE, TAKES_PRECONDITIONS, TAKES_QUERY, type Rule } from '../auth/authentication/request-authenticator.js';
import { AtomeError, invalid } from '../protocol/index.js';
import { NOT_A_PARAMETER } from './validation.js';

interface RouteRules {
  readonly [RULE]?: Rule;
  readonly [TAKES_PRECONDITIONS]?: boolean;
  readonly [TAKES_QUERY]?: boolean;
}

/** Refuses what the call asked for knows nothing of: to go on all the same is what its caller has not asked for. */
export function refuseExtras(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const rules = request.routeOptions.config as RouteRules;
    done(rules[RULE] === undefined ? undefined : (preconditionOf(request, rules) ?? parameterOf(request, rules)));
  });
}

/** A write that is not to one atome has no tag that could match `If-Match` (RFC 9110 §13.1.1). */
function preconditionOf({ method, headers }: FastifyRequest, rules: RouteRules): AtomeError | undefined {
  const isWrite = method !== 'GET' && method !== 'HEAD';
  if (headers['if-match'] === undefined || !isWrite || rules[TAKES_PRECONDITIONS]) return undefined;
  return new AtomeError(
    'precondition_failed',
    'what this call writes has no entity tag, so If-Match cannot hold; leave it out (a write of a push may name its baseVersion)',
  );
}

function parameterOf({ query }: FastifyRequest, rules: RouteRules): AtomeError | undefined {
  if (rules[TAKES_QUERY]) return undefined;
  // a ticket says who calls: where nobody has to be known it is no parameter, and makes nobody known
  const isCredential = (name: string): boolean => name === 'ticket' && rules[RULE] === 'public';
  const names = Object.keys(query as object).filter((name) => !isCredential(name));
  return names.length > 0 ? invalid(names.map((path) => ({ path, message: NOT_A_PARAMETER }))) : undefined;
}
