import { Controller, Get, HttpCode, Post, Req, Res, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiQuery, ApiTags } from '../api-decorators.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentPrincipal, Guarded, RequireRole } from '../auth/authorization/access.guard.js';
import { ApiAnswer, ApiProblems } from '../http/openapi.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { LongResponses } from '../http/long-responses.js';
import { invalid, isObject, type Principal } from '../protocol/index.js';
import { ACKNOWLEDGED, PULLED } from './openapi-examples.js';
import { OriginalPull } from './pull.js';
import { PullQueryDto } from './queries.js';
import { checkedQuery } from '../http/validation.js';

/** The calls of the original client's `syncNow` that only it has. */
@ApiTags('original client')
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
  @ApiOperation({ summary: 'Atomes as they are, of those that changed since a time or a seq' })
  @ApiQuery({
    name: 'since',
    required: false,
    description: 'A time, or a seq; left out: from the beginning.',
    example: '2026-01-31T12:00:00Z',
  })
  @ApiAnswer(200, 'A page; with `hasMore` the next pull goes on', PULLED)
  @ApiProblems(400)
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
  @ApiOperation({ summary: 'Atomes as they are, of those that changed since they were last acknowledged' })
  @ApiQuery({ type: PullQueryDto })
  @ApiAnswer(200, 'A page; once it is acknowledged, the next pull goes on', PULLED)
  @ApiProblems(400)
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
  @ApiOperation({ summary: 'What was pulled as pending has arrived' })
  @ApiBody({ schema: { type: 'object' }, examples: { ids: { value: { ids: ['note-1'] } } } })
  @ApiAnswer(200, 'It is not pending any more', ACKNOWLEDGED)
  @ApiProblems(400)
  async acknowledge(@Req() { body }: FastifyRequest, @CurrentPrincipal() caller: Principal) {
    const ids = isObject(body) ? body.ids : undefined;
    if (!Array.isArray(ids)) throw invalid([{ path: 'ids', message: 'must be an array of the ids that have arrived' }]);
    await this.pulls.acknowledge(caller);
    return { success: true, acknowledged: ids.length };
  }
}
