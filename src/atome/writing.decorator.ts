import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { identityOf } from '../access/access.guard.js';
import type { WriteContext } from './atome.service.js';

/** Who writes, and what the headers of the request say about the write. */
export const Writing = createParamDecorator((_: unknown, context: ExecutionContext): WriteContext => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const header = (name: string): string | undefined => [request.headers[name]].flat()[0];
  const principal = identityOf(request)?.principal;
  return {
    ...(principal && { principal }),
    clientId: header('x-client-id'),
    idempotencyKey: header('idempotency-key'),
    ifMatch: header('if-match'),
  };
});
