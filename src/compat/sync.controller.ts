import { Controller, Get, HttpCode, Post, Req, Res, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiBody, ApiQuery } from '../api-decorators.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentPrincipal, Guarded, RequireRole } from '../auth/authorization/access.guard.js';
import { ApiCall, ApiAnswer, ApiGroup, ApiProblems, BODY_PROBLEMS } from '../http/openapi.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { LongResponses } from '../http/long-responses.js';
import { invalid, isObject, type Principal } from '../protocol/index.js';
import { ACKNOWLEDGED, PULLED } from './openapi-examples.js';
import { OriginalPull } from './pull.js';
import { PullQueryDto } from './queries.js';
import { checkedQuery } from '../http/validation.js';

const ACKNOWLEDGED_IDS = {
  type: 'object',
  required: ['ids'],
  properties: { ids: { type: 'array', items: {}, description: 'Of the atomes that have arrived.' } },
};

/** The calls of the original client's `syncNow` that only it has. */
@ApiGroup('original client')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ version: VERSION_NEUTRAL })
export class OriginalSyncController {
  constructor(
    private readonly pulls: OriginalPull,
    private readonly longResponses: LongResponses,
  ) {}

  @RequireRole('read', { takesQuery: true })
  @Get('sync/pull')
  @ApiCall('pullAtomes', 'Atomes as they are, of those that changed since a time or a seq')
  @ApiQuery({
    name: 'since',
    required: false,
    description: 'A time such as `2026-01-31T12:00:00Z`, or a seq; left out: from the beginning.',
    schema: { type: 'string' },
  })
  @ApiAnswer(200, 'A page; with `hasMore` the next pull goes on', ['PulledAnswer', PULLED])
  @ApiProblems('invalid')
  async pull(
    @CurrentPrincipal() caller: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { since } = await checkedQuery(PullQueryDto, request.query);
    return {
      success: true,
      ...(await this.pulls.since(caller, since, this.longResponses.open(request, reply))),
    };
  }

  @RequireRole('read', { takesQuery: true })
  @Get('atome/sync/pull')
  @ApiCall('pullPendingAtomes', 'Atomes as they are, of those that changed since they were last acknowledged')
  @ApiQuery({ type: PullQueryDto })
  @ApiAnswer(200, 'A page; once it is acknowledged, the next pull goes on', ['PulledAnswer', PULLED])
  @ApiProblems('invalid')
  async pending(
    @CurrentPrincipal() caller: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { since } = await checkedQuery(PullQueryDto, request.query);
    const signal = this.longResponses.open(request, reply);
    const pulled = since === undefined ? this.pulls.pending(caller, signal) : this.pulls.since(caller, since, signal);
    return { success: true, ...(await pulled) };
  }

  @RequireRole('read')
  @Post('sync/ack')
  @HttpCode(200)
  @ApiCall('acknowledgeAtomes', 'What was pulled as pending has arrived')
  @ApiBody({ schema: ACKNOWLEDGED_IDS, required: true, examples: { ids: { value: { ids: ['note-1'] } } } })
  @ApiAnswer(200, 'It is not pending any more', ['AcknowledgedAnswer', ACKNOWLEDGED])
  @ApiProblems(...BODY_PROBLEMS)
  async acknowledge(@Req() { body }: FastifyRequest, @CurrentPrincipal() caller: Principal) {
    const ids = isObject(body) ? body.ids : undefined;
    if (!Array.isArray(ids)) throw invalid([{ path: 'ids', message: 'must be an array of the ids that have arrived' }]);
    await this.pulls.acknowledge(caller);
    return { success: true, acknowledged: ids.length };
  }
}
