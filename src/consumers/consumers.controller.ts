import { Controller, Get, HttpCode, Param, Post, Req, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ApiParam, ApiQuery } from '../api-decorators.js';
import { CurrentPrincipal, Guarded, RequireRole } from '../auth/authorization/access.guard.js';
import { ApiAnswer, ApiCall, ApiExamples, ApiGroup, ApiProblems, BODY_PROBLEMS } from '../http/openapi.js';
import { ANSWERS, BODIES } from '../http/openapi-examples.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { checkedBody, checkedQuery } from '../http/validation.js';
import type { Principal } from '../protocol/index.js';
import type { LetterChoice } from './consumer-status.js';
import { Consumers } from './consumers.js';
import { LetterChoiceDto, LettersQueryDto } from './consumers.dto.js';

const DECIDED = '`count` tells how many';

const ApiConsumerName = (): MethodDecorator =>
  ApiParam({ name: 'name', description: 'As it was declared.', example: 'billing' });

/** How the durable consumers of the application stand in the ledger of the caller's tenant; for admins. */
@ApiGroup('consumers')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ path: 'consumers', version: VERSION_NEUTRAL })
export class ConsumersController {
  constructor(private readonly consumers: Consumers) {}

  @RequireRole('administer')
  @Get()
  @ApiCall('listConsumers', 'Durable consumers, and how far behind they are')
  @ApiAnswer(200, '`lag` is in alterations', ['ConsumersAnswer', ANSWERS.consumers])
  async list(@CurrentPrincipal() { tenant }: Principal) {
    return { success: true, data: await this.consumers.list(tenant) };
  }

  @RequireRole('administer', { takesQuery: true })
  @Get(':name/dead-letters')
  @ApiCall('listDeadLetters', 'What a consumer has given up')
  @ApiQuery({ type: LettersQueryDto })
  @ApiConsumerName()
  @ApiAnswer(200, 'A page; `nextCursor` leads to the next', ['DeadLettersAnswer', ANSWERS.deadLetters])
  @ApiProblems('invalid', 'not_found')
  async deadLetters(
    @Param('name') name: string,
    @Req() request: FastifyRequest,
    @CurrentPrincipal() { tenant }: Principal,
  ) {
    const { limit, cursor = 0 } = await checkedQuery(LettersQueryDto, request.query);
    const found = await this.consumers.deadLetters(name, { tenant, after: cursor, limit: limit + 1 });
    const data = found.slice(0, limit);
    return { success: true, data, nextCursor: found.length > limit ? String(data.at(-1)!.seq) : null };
  }

  @RequireRole('administer')
  @Post(':name/retry')
  @HttpCode(200)
  @ApiCall('retryDeadLetters', 'Try dead letters once more')
  @ApiExamples(LetterChoiceDto, BODIES.letters, { required: false })
  @ApiConsumerName()
  @ApiAnswer(200, DECIDED, ['CountAnswer', ANSWERS.count])
  @ApiProblems(...BODY_PROBLEMS, 'not_found')
  async retry(@Param('name') name: string, @Req() { body }: FastifyRequest, @CurrentPrincipal() caller: Principal) {
    return { success: true, count: await this.consumers.retry(name, await choiceOf(body, caller)) };
  }

  @RequireRole('administer')
  @Post(':name/skip')
  @HttpCode(200)
  @ApiCall('skipDeadLetters', 'Forget dead letters: they are never handled')
  @ApiExamples(LetterChoiceDto, BODIES.letters, { required: false })
  @ApiConsumerName()
  @ApiAnswer(200, DECIDED, ['CountAnswer', ANSWERS.count])
  @ApiProblems(...BODY_PROBLEMS, 'not_found')
  async skip(@Param('name') name: string, @Req() { body }: FastifyRequest, @CurrentPrincipal() caller: Principal) {
    return { success: true, count: await this.consumers.skip(name, await choiceOf(body, caller)) };
  }
}

async function choiceOf(body: unknown, { tenant }: Principal): Promise<LetterChoice> {
  const { seq } = await checkedBody(LetterChoiceDto, body ?? {});
  return { tenant, seq };
}
