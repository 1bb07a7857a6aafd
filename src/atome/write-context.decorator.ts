import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { identityOf } from '../auth/authorization/access.guard.js';
import { invalid } from '../protocol/index.js';
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
  // written out: a spread and an array for each header are made anew with each write
  return {
    principal: identityOf(request)?.principal,
    clientId: one(headers['x-client-id']),
    idempotencyKey: one(headers['idempotency-key']),
    ifMatch: headers['if-match'],
    ifNoneMatch: headers['if-none-match'],
    ifUnmodifiedSince: headers['if-unmodified-since'],
  };
}

/** Node joins headers of these names that come twice; its types know that of its own names only. */
function one(header: string | string[] | undefined): string | undefined {
  return typeof header === 'object' ? header[0] : header;
}
