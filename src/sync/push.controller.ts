import { Controller, Headers, HttpCode, Post, Req, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiHeader } from '../api-decorators.js';
import type { FastifyRequest } from 'fastify';
import { AcknowledgedWrites, nackOf } from '../application/acknowledged-writes.js';
import { callerOf, type Caller } from '../application/caller.js';
import { CurrentPrincipal, Guarded, RequireRole } from '../auth/authorization/access.guard.js';
import { ResolvedOptions } from '../config/module-options.js';
import { ApiAnswer, ApiCall, ApiExamples, ApiGroup, ApiProblems, BODY_PROBLEMS } from '../http/openapi.js';
import { ANSWERS, BODIES } from '../http/openapi-examples.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { toAtomeError } from '../http/problem.js';
import {
  AtomeError,
  invalid,
  isObject,
  parseMutate,
  type Ack,
  type Mutate,
  type Nack,
  type Principal,
} from '../protocol/index.js';
import { noneOf } from '../ledger/write/decide-write.js';
import { PushDto } from './sync.dto.js';

/** Batches of writes, for clients that hold a replica. */
@ApiGroup('sync')
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
  @ApiCall('pushWrites', 'Many writes at once: each by itself, or all or none')
  @ApiHeader({ name: 'X-Client-Id', required: false, description: 'clientId of your WebSocket.' })
  @ApiExamples(PushDto, BODIES.push)
  @ApiAnswer(200, 'An ack or a nack for each, in the order of the operations', ['PushAnswer', ANSWERS.pushed])
  @ApiProblems(...BODY_PROBLEMS, 'too_large')
  async push(
    @Req() { body }: FastifyRequest,
    @Headers('x-client-id') clientId: string | undefined,
    @CurrentPrincipal() principal: Principal,
  ) {
    const { operations, isAtomic } = pushOf(body, this.options.limits.pushOperations);
    const caller = callerOf(principal, clientId ?? null);
    const results = isAtomic
      ? await this.pushAll(operations, caller)
      : await Promise.all(operations.map((operation) => this.pushOne(operation, caller)));
    return { success: true, results };
  }

  /** All are written, or none. */
  private pushAll(operations: readonly unknown[], caller: Caller): Promise<(Ack | Nack)[]> {
    const mutations: Mutate['mutation'][] = [];
    for (const operation of operations) {
      try {
        mutations.push(parseMutate(operation, this.options.limits));
      } catch (error) {
        const refusals = noneOf(operations.length, mutations.length, toAtomeError(error));
        return Promise.resolve(refusals.map((refusal, at) => nackOf(opIdOf(operations[at]), refusal)));
      }
    }
    return this.writes.mutateAll(mutations, caller);
  }

  /** Never rejects: what cannot be parsed gets a nack, too. */
  private pushOne(operation: unknown, caller: Caller): Promise<Ack | Nack> {
    try {
      return this.writes.mutate(parseMutate(operation, this.options.limits), caller);
    } catch (error) {
      return Promise.resolve(nackOf(opIdOf(operation), toAtomeError(error)));
    }
  }
}

function opIdOf(operation: unknown): string {
  return isObject(operation) && typeof operation.opId === 'string' ? operation.opId : '';
}

function pushOf(body: unknown, most: number): { operations: unknown[]; isAtomic: boolean } {
  const { operations, atomic = false, ...others } = isObject(body) ? body : {};
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw invalid([{ path: unknown, message: 'is not known here; there are operations and atomic' }]);
  }
  if (!Array.isArray(operations)) throw invalid([{ path: 'operations', message: 'must be an array of writes' }]);
  if (typeof atomic !== 'boolean') throw invalid([{ path: 'atomic', message: 'must be true or false' }]);
  if (operations.length > most) {
    throw new AtomeError('too_large', `at most ${most} operations are taken at once; send several pushes`);
  }
  return { operations, isAtomic: atomic };
}
