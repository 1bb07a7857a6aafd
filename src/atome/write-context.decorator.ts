import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { identityOf } from '../auth/authorization/access.guard.js';
import { invalid, type Principal } from '../protocol/index.js';
import type { WriteContext } from './write-calls.js';

/** Who writes, and what the headers of the request say about the write. */
export const CurrentWriteContext = createParamDecorator((_: unknown, context: ExecutionContext) =>
  writeContextOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** As {@link CurrentWriteContext}, of a request. */
export function writeContextOf(request: FastifyRequest): WriteContext {
  const { headers } = request;
  // to take a part for the whole would lose the rest (RFC 9110 §14.5)
  if (headers['content-range'] !== undefined) {
    throw invalid([
      { path: 'Content-Range', message: 'is not possible here: send a whole body, or PATCH what changes' },
    ]);
  }
  return new RequestContext(request);
}

/** Of a request, whose body nobody else has. Written out: a spread and an array for each header are made anew with each write. */
export class RequestContext implements WriteContext {
  readonly principal: Principal | undefined;
  readonly clientId: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifUnmodifiedSince: string | undefined;

  constructor(request: FastifyRequest) {
    const { headers } = request;
    this.principal = identityOf(request)?.principal;
    this.clientId = one(headers['x-client-id']);
    this.idempotencyKey = one(headers['idempotency-key']);
    this.ifMatch = headers['if-match'];
    this.ifNoneMatch = headers['if-none-match'];
    this.ifUnmodifiedSince = headers['if-unmodified-since'];
  }
}

/** Node joins headers of these names that come twice; its types know that of its own names only. */
function one(header: string | string[] | undefined): string | undefined {
  return typeof header === 'object' ? header[0] : header;
}
