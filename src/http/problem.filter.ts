import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { throwError, type Observable } from 'rxjs';
import { AtomeError } from '../protocol/index.js';
import { REFUSALS } from '../ledger/signals.js';
import { errorLog } from './error-log.js';
import { REQUEST_ID } from './request-id.js';
import { PROBLEM_JSON, retryAfterOf, toAtomeError, toProblem } from './problem.js';

/** Answers every error as problem+json, and logs those that are the server's own fault. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly onError = errorLog('Http');

  catch(error: unknown, host: ArgumentsHost): unknown {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    this.answer(error, request, reply);
    return undefined;
  }

  /** The same where Nest is not asked: before a handler is called. */
  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const refusal = toAtomeError(error);
    if (refusal.code === 'internal') this.onError(refusal.cause ?? error, request.id);
    if (!reply.sent) sendProblem(refusal, request, reply);
  }
}

/**
 * For every route of a host application, and every message of its other transports: what our service and body parsers refuse
 * is refused there in the same way. What is neither, such as a resolver of GraphQL, is left to Nest, which throws it on.
 */
@Catch(AtomeError)
export class AtomeErrorFilter extends ProblemFilter {
  override catch(error: AtomeError, host: ArgumentsHost): Observable<never> | undefined {
    if (host.getType() === 'http') super.catch(error, host);
    return host.getType() === 'rpc' ? throwError(() => error.toBody()) : undefined;
  }
}

export function sendProblem(error: unknown, { url, headers }: FastifyRequest, reply: FastifyReply): void {
  const refusal = toAtomeError(error);
  if (REFUSALS.hasSubscribers) REFUSALS.publish({ entryPoint: 'rest', code: refusal.code });
  if (refusal.code === 'unauthenticated') void reply.header('WWW-Authenticate', challenge(headers.authorization));
  const wait = retryAfterOf(refusal);
  if (wait !== undefined) void reply.header('Retry-After', wait);
  void reply
    .status(refusal.status)
    .type(PROBLEM_JSON)
    // it holds for this request alone
    .header('cache-control', 'no-store')
    .send(toProblem(refusal, pathOf(url), nameOf(reply)));
}

/** What an answer says that its request is called; an application may have named it by itself. */
export function nameOf(reply: FastifyReply): string | undefined {
  const name = reply.getHeader(REQUEST_ID);
  return typeof name === 'string' ? name : undefined;
}

/** Without the query: somebody may have put a secret there. */
export function pathOf(url: string): string {
  return url.split('?', 1)[0]!;
}

/** How to be let in (RFC 6750 §3). */
function challenge(authorization: string | undefined): string {
  return `Bearer realm="atome-sync"${authorization === undefined ? '' : ', error="invalid_token"'}`;
}
