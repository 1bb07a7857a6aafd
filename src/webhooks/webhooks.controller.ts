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
import { ApiParam, ApiQuery } from '../api-decorators.js';
import { CurrentPrincipal, Guarded, RequireRole } from '../auth/authorization/access.guard.js';
import { ApiAnswer, ApiCall, ApiExamples, ApiGroup, ApiProblems, BODY_PROBLEMS } from '../http/openapi.js';
import { ANSWERS, BODIES, WEBHOOK_ID } from '../http/openapi-examples.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { checkedBody, checkedQuery } from '../http/validation.js';
import { invalid, isObject, type Principal } from '../protocol/index.js';
import { DeliveriesQueryDto, ReplayDto, WebhookChangeDto, WebhookDto } from './webhooks.dto.js';
import { Webhooks } from './webhooks.js';

const ApiWebhookId = (): MethodDecorator =>
  ApiParam({ name: 'id', description: 'The webhook’s id.', example: WEBHOOK_ID });

/** Where the events of the caller's tenant are posted to; for admins. */
@ApiGroup('webhooks')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ path: 'webhooks', version: VERSION_NEUTRAL })
export class WebhooksController {
  constructor(private readonly webhooks: Webhooks) {}

  @RequireRole('administer')
  @Post()
  @ApiCall('createWebhook', 'Have what is written from now on posted to an address')
  @ApiExamples(WebhookDto, BODIES.webhook)
  @ApiAnswer(201, 'The secret that signs is told here alone', ['WebhookMadeAnswer', ANSWERS.webhookMade])
  @ApiProblems(...BODY_PROBLEMS, 'conflict')
  async create(@Req() { body }: FastifyRequest, @CurrentPrincipal() principal: Principal) {
    return { success: true, data: await this.webhooks.create(principal, await bodyOf(WebhookDto, body)) };
  }

  @RequireRole('administer')
  @Get()
  @ApiCall('listWebhooks', 'Webhooks, and how far behind they are')
  @ApiAnswer(200, '`lag` is in alterations', ['WebhooksAnswer', ANSWERS.webhooks])
  async list(@CurrentPrincipal() { tenant }: Principal) {
    return { success: true, data: await this.webhooks.list(tenant) };
  }

  @RequireRole('administer')
  @Get(':id')
  @ApiCall('getWebhook', 'One webhook')
  @ApiWebhookId()
  @ApiAnswer(200, 'Without its secret', ['WebhookAnswer', ANSWERS.webhook])
  @ApiProblems('not_found')
  async get(@Param('id') id: string, @CurrentPrincipal() { tenant }: Principal) {
    return { success: true, data: await this.webhooks.get({ tenant, id }) };
  }

  @RequireRole('administer')
  @Patch(':id')
  @ApiCall('changeWebhook', 'Change, enable or disable a webhook', {
    description: 'With another `url`, events are judged in the name of the caller from then on (`createdBy`).',
  })
  @ApiExamples(WebhookChangeDto, BODIES.webhookChange)
  @ApiWebhookId()
  @ApiAnswer(200, 'As it is now', ['WebhookAnswer', ANSWERS.webhook])
  @ApiProblems(...BODY_PROBLEMS, 'not_found')
  async change(@Param('id') id: string, @Req() { body }: FastifyRequest, @CurrentPrincipal() principal: Principal) {
    return { success: true, data: await this.webhooks.change(principal, id, await bodyOf(WebhookChangeDto, body)) };
  }

  @RequireRole('administer')
  @Delete(':id')
  @ApiCall('deleteWebhook', 'Forget a webhook, with what it has not been sent')
  @ApiWebhookId()
  @ApiAnswer(200, 'It is gone', ['DoneAnswer', { success: true }])
  @ApiProblems('not_found')
  async delete(@Param('id') id: string, @CurrentPrincipal() { tenant }: Principal) {
    await this.webhooks.delete({ tenant, id });
    return { success: true };
  }

  @RequireRole('administer')
  @Post(':id/rotate-secret')
  @HttpCode(200)
  @ApiCall('rotateWebhookSecret', 'Make a new secret; that of before signs too for a day', {
    description: 'Events are judged in the name of the caller from then on (`createdBy`).',
  })
  @ApiWebhookId()
  @ApiAnswer(200, 'The secret is told here alone', ['WebhookSecretAnswer', ANSWERS.webhookSecret])
  @ApiProblems('not_found')
  async rotateSecret(@Param('id') id: string, @CurrentPrincipal() principal: Principal) {
    return { success: true, secret: await this.webhooks.rotateSecret(principal, id) };
  }

  @RequireRole('administer')
  @Post(':id/test')
  @HttpCode(200)
  @ApiCall('testWebhook', 'Post `webhook:test` now')
  @ApiWebhookId()
  @ApiAnswer(200, 'What the receiver has answered', ['WebhookTestAnswer', ANSWERS.webhookTest])
  @ApiProblems('not_found', 'rate_limited')
  async test(@Param('id') id: string, @CurrentPrincipal() { tenant }: Principal) {
    return { success: true, data: await this.webhooks.test({ tenant, id }) };
  }

  @RequireRole('administer', { takesQuery: true })
  @Get(':id/deliveries')
  @ApiCall('listDeliveries', 'What was sent lately, and what is failing or given up; the latest first')
  @ApiQuery({ type: DeliveriesQueryDto })
  @ApiWebhookId()
  @ApiAnswer(200, '`nextAt` is that of the next attempt', ['DeliveriesAnswer', ANSWERS.webhookDeliveries])
  @ApiProblems('invalid', 'not_found')
  async deliveries(@Param('id') id: string, @Req() request: FastifyRequest, @CurrentPrincipal() { tenant }: Principal) {
    const query = await checkedQuery(DeliveriesQueryDto, request.query);
    return { success: true, data: await this.webhooks.deliveries({ tenant, id }, query) };
  }

  @RequireRole('administer')
  @Post(':id/replay')
  @HttpCode(200)
  @ApiCall('replayWebhook', 'Send once more: one delivery, or all behind a seq')
  @ApiExamples(ReplayDto, BODIES.replay)
  @ApiWebhookId()
  @ApiAnswer(200, 'It is sent within a second or so', ['DoneAnswer', { success: true }])
  @ApiProblems(...BODY_PROBLEMS, 'not_found')
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
