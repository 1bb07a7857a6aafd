import { Controller, Headers, HttpCode, Post, Req, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiTags } from '../api-decorators.js';
import type { FastifyRequest } from 'fastify';
import { AcknowledgedWrites, nackOf } from '../application/acknowledged-writes.js';
import { callerOf, type Caller } from '../application/caller.js';
import { CurrentPrincipal, Guarded, RequireRole } from '../auth/authorization/access.guard.js';
import { ResolvedOptions } from '../config/module-options.js';
import { ApiAnswer, ApiExamples, ApiProblems } from '../http/openapi.js';
import { ANSWERS, BODIES } from '../http/openapi-examples.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { toAtomeError } from '../http/problem.js';
import { AtomeError, invalid, isObject, parseMutate, type Ack, type Nack, type Principal } from '../protocol/index.js';
import { PushDto } from './sync.dto.js';

/** Batches of writes, for clients that hold a replica. */
@ApiTags('sync')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ path: 'sync', version: VERSION_NEUTRAL })
export class PushController {
  constructor(
    private readonly writes: AcknowledgedWrites,
    private readonly options: ResolvedOptions,
  ) {}

  @RequireRole('write')
  @Post('push')
  @HttpCode(200)
  @ApiOperation({ summary: 'Many writes at once; one refused write spoils no other' })
  @ApiHeader({ name: 'X-Client-Id', required: false, description: 'clientId of your WebSocket.' })
  @ApiExamples(PushDto, BODIES.push)
  @ApiAnswer(200, 'An ack or a nack for each, in the order of the operations', ANSWERS.pushed)
  @ApiProblems(400, 413)
  async push(
    @Req() { body }: FastifyRequest,
    @Headers('x-client-id') clientId: string | undefined,
    @CurrentPrincipal() principal: Principal,
  ) {
    const operations = operationsOf(body, this.options.limits.pushOperations);
    const caller = callerOf(principal, clientId ?? null);
    const results = await Promise.all(operations.map((operation) => this.pushOne(operation, caller)));
    return { success: true, results };
  }

  /** Never rejects: what cannot be parsed gets a nack, too. */
  private pushOne(operation: unknown, caller: Caller): Promise<Ack | Nack> {
    try {
      return this.writes.mutate(parseMutate(operation, this.options.limits), caller);
    } catch (error) {
      const opId = isObject(operation) && typeof operation.opId === 'string' ? operation.opId : '';
      return Promise.resolve(nackOf(opId, toAtomeError(error)));
    }
  }
}

function operationsOf(body: unknown, most: number): unknown[] {
  const fields = isObject(body) ? Object.keys(body) : [];
  const operations = isObject(body) ? body.operations : undefined;
  if (!Array.isArray(operations) || fields.length !== 1) {
    throw invalid([{ path: 'operations', message: 'must be an array of writes, and the only field' }]);
  }
  if (operations.length > most) {
    throw new AtomeError('too_large', `at most ${most} operations are taken at once; send several pushes`);
  }
  return operations;
}
