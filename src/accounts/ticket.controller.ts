import { Controller, HttpCode, Post, Req, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Guarded, identityOf, RequireRole } from '../auth/authorization/access.guard.js';
import { Tickets } from '../auth/authentication/tickets.js';
import { ApiCall, ApiAnswer, ApiGroup } from '../http/openapi.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { ANSWERS } from './openapi-examples.js';

/** One-time tickets for addresses. */
@ApiGroup('auth')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ path: 'auth', version: VERSION_NEUTRAL })
export class TicketController {
  constructor(private readonly tickets: Tickets) {}

  @RequireRole('read')
  @Post('ticket')
  @HttpCode(200)
  @ApiCall('createTicket', 'A ticket that stands for you once, for `?ticket=` of the WebSocket or of the changes')
  @ApiAnswer(200, 'Good for one use within 30 s', ['TicketAnswer', ANSWERS.ticket])
  async ticket(@Req() request: FastifyRequest) {
    const { ticket, expiresAt } = await this.tickets.issue(identityOf(request)!);
    return { success: true, ticket, expiresAt: new Date(expiresAt).toISOString() };
  }
}
