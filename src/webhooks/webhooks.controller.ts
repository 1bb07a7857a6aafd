import {
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Req,
  UseFilters,
  VERSION_NEUTRAL,
  type Type,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ApiOperation, ApiParam, ApiQuery, ApiTags } from '../api-decorators.js';
import { CurrentPrincipal, Guarded, RequireRole } from '../auth/authorization/access.guard.js';
import { ApiAnswer, ApiExamples, ApiProblems } from '../http/openapi.js';
import { ANSWERS, BODIES, WEBHOOK_ID } from '../http/openapi-examples.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { checkedBody, checkedQuery } from '../http/validation.js';
import { invalid, isObject, type Principal } from '../protocol/index.js';
import { DeliveriesQueryDto, ReplayDto, WebhookChangeDto, WebhookDto } from './webhooks.dto.js';
import { Webhooks } from './webhooks.js';

const ApiWebhookId = (): MethodDecorator =>
  ApiParam({ name: 'id', description: 'The webhook’s id.', example: WEBHOOK_ID });

/** Where the events of the caller's tenant are posted to; for admins. */
@ApiTags('webhooks')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ path: 'webhooks', version: VERSION_NEUTRAL })
export class WebhooksController {
  constructor(private readonly webhooks: Webhooks) {}

  @RequireRole('administer')
  @Post()
  @ApiOperation({ summary: 'Have what is written from now on posted to an address' })
  @ApiExamples(WebhookDto, BODIES.webhook)
  @ApiAnswer(201, 'The secret that signs is told here alone', ANSWERS.webhookMade)
  @ApiProblems(400, 409)
  async create(@Req() { body }: FastifyRequest, @CurrentPrincipal() principal: Principal) {
    return { success: true, data: await this.webhooks.create(principal, await bodyOf(WebhookDto, body)) };
  }

  @RequireRole('administer')
  @Get()
  @ApiOperation({ summary: 'Webhooks, and how far behind they are' })
  @ApiAnswer(200, '`lag` is in alterations', ANSWERS.webhooks)
  async list(@CurrentPrincipal() { tenant }: Principal) {
    return { success: true, data: await this.webhooks.list(tenant) };
  }

  @RequireRole('administer')
  @Get(':id')
  @ApiOperation({ summary: 'One webhook' })
  @ApiWebhookId()
  @ApiAnswer(200, 'Without its secret', ANSWERS.webhook)
  @ApiProblems(404)
  async get(@Param('id') id: string, @CurrentPrincipal() { tenant }: Principal) {
    return { success: true, data: await this.webhooks.get({ tenant, id }) };
  }

  @RequireRole('administer')
  @Patch(':id')
  @ApiOperation({
    summary: 'Change, enable or disable a webhook',
    description: 'With another `url`, events are judged in the name of the caller from then on (`createdBy`).',
  })
  @ApiExamples(WebhookChangeDto, BODIES.webhookChange)
  @ApiWebhookId()
  @ApiAnswer(200, 'As it is now', ANSWERS.webhook)
  @ApiProblems(400, 404)
  async change(@Param('id') id: string, @Req() { body }: FastifyRequest, @CurrentPrincipal() principal: Principal) {
    return { success: true, data: await this.webhooks.change(principal, id, await bodyOf(WebhookChangeDto, body)) };
  }

  @RequireRole('administer')
  @Delete(':id')
  @ApiOperation({ summary: 'Forget a webhook, with what it has not been sent' })
  @ApiWebhookId()
  @ApiAnswer(200, 'It is gone', { success: true })
  @ApiProblems(404)
  async delete(@Param('id') id: string, @CurrentPrincipal() { tenant }: Principal) {
    await this.webhooks.delete({ tenant, id });
    return { success: true };
  }

  @RequireRole('administer')
  @Post(':id/rotate-secret')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Make a new secret; that of before signs too for a day',
    description: 'Events are judged in the name of the caller from then on (`createdBy`).',
  })
  @ApiWebhookId()
  @ApiAnswer(200, 'The secret is told here alone', ANSWERS.webhookSecret)
  @ApiProblems(404)
  async rotateSecret(@Param('id') id: string, @CurrentPrincipal() principal: Principal) {
    return { success: true, secret: await this.webhooks.rotateSecret(principal, id) };
  }

  @RequireRole('administer')
  @Post(':id/test')
  @HttpCode(200)
  @ApiOperation({ summary: 'Post `webhook:test` now' })
  @ApiWebhookId()
  @ApiAnswer(200, 'What the receiver has answered', ANSWERS.webhookTest)
  @ApiProblems(404, 429)
  async test(@Param('id') id: string, @CurrentPrincipal() { tenant }: Principal) {
    return { success: true, data: await this.webhooks.test({ tenant, id }) };
  }

  @RequireRole('administer', { takesQuery: true })
  @Get(':id/deliveries')
  @ApiOperation({ summary: 'What was sent lately, and what is failing or given up; the latest first' })
  @ApiQuery({ type: DeliveriesQueryDto })
  @ApiWebhookId()
  @ApiAnswer(200, '`nextAt` is that of the next attempt', ANSWERS.webhookDeliveries)
  @ApiProblems(400, 404)
  async deliveries(@Param('id') id: string, @Req() request: FastifyRequest, @CurrentPrincipal() { tenant }: Principal) {
    const query = await checkedQuery(DeliveriesQueryDto, request.query);
    return { success: true, data: await this.webhooks.deliveries({ tenant, id }, query) };
  }

  @RequireRole('administer')
  @Post(':id/replay')
  @HttpCode(200)
  @ApiOperation({ summary: 'Send once more: one delivery, or all behind a seq' })
  @ApiExamples(ReplayDto, BODIES.replay)
  @ApiWebhookId()
  @ApiAnswer(200, 'It is sent within a second or so', { success: true })
  @ApiProblems(400, 404)
  async replay(@Param('id') id: string, @Req() { body }: FastifyRequest, @CurrentPrincipal() { tenant }: Principal) {
    const { seq, after } = await bodyOf(ReplayDto, body);
    if (seq !== undefined && after === undefined) await this.webhooks.replay({ tenant, id }, seq);
    else if (seq === undefined && after !== undefined) await this.webhooks.replayAfter({ tenant, id }, after);
    else throw invalid([{ path: 'seq', message: 'or after is needed, and not both' }]);
    return { success: true };
  }
}

function bodyOf<T>(type: Type<T>, body: unknown): Promise<T> {
  if (!isObject(body)) throw invalid([{ path: '', message: 'must be a JSON object' }]);
  return checkedBody(type, body);
}
