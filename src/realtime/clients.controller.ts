import { Controller, Delete, Get, Param, Req, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ApiParam, ApiQuery } from '../api-decorators.js';
import { CurrentPrincipal, Guarded, RequireRole } from '../auth/authorization/access.guard.js';
import { ApiAnswer, ApiCall, ApiGroup, ApiProblems } from '../http/openapi.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { checkedQuery } from '../http/validation.js';
import { AtomeError, CloseCode, type Principal } from '../protocol/index.js';
import { ConnectionsQueryDto, pageOf } from './connection-page.js';
import { ConnectionRegistry } from './connection-registry.js';
import { describeConnection } from './describe-connection.js';
import { CLIENTS, ENDED } from './openapi-examples.js';

/** Who is connected to this server, of the caller's tenant; for admins. */
@ApiGroup('server')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ path: 'clients', version: VERSION_NEUTRAL })
export class ClientsController {
  constructor(private readonly registry: ConnectionRegistry) {}

  @RequireRole('administer', { takesQuery: true })
  @Get()
  @ApiQuery({ type: ConnectionsQueryDto })
  @ApiCall('listClients', 'Connections of the tenant to this server, and how far each has come')
  @ApiAnswer(200, 'The first to connect comes first', ['ClientsAnswer', CLIENTS])
  @ApiProblems('invalid')
  async list(@Req() { query }: FastifyRequest, @CurrentPrincipal() { tenant }: Principal) {
    const here = this.registry.of(tenant);
    const { page, nextCursor } = pageOf(here, await checkedQuery(ConnectionsQueryDto, query));
    return { success: true, data: page.map(describeConnection), total: here.length, nextCursor };
  }

  @RequireRole('administer')
  @Delete(':clientId')
  @ApiCall('endClient', 'End a connection: the client comes back with its cursor')
  @ApiParam({ name: 'clientId', description: 'As `welcome` has told it.', example: CLIENTS.data[0]!.clientId })
  @ApiAnswer(200, 'It is being closed', ['DoneAnswer', ENDED])
  @ApiProblems('not_found')
  end(@Param('clientId') clientId: string, @CurrentPrincipal() { tenant }: Principal) {
    const found = this.registry.of(tenant).find((each) => each.clientId === clientId);
    if (!found) throw new AtomeError('not_found', `there is no connection "${clientId}" at this server`);
    found.socket.close(CloseCode.RESTART, 'an admin has ended the connection');
    return { success: true };
  }
}
