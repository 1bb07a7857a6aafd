import { Controller, Get, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import { CurrentPrincipal, Guarded, RequireRole } from '../auth/authorization/access.guard.js';
import { roleAllows } from '../auth/authorization/role-permissions.js';
import { ApiAnswer, ApiCall, ApiGroup, ApiProblems } from '../http/openapi.js';
import { ANSWERS } from '../http/openapi-examples.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { AtomeError, type Principal } from '../protocol/index.js';
import { EdgeLink } from './edge-link.js';

/** How far what is written here is safe, where this server follows another. */
@ApiGroup('sync')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ path: 'sync', version: VERSION_NEUTRAL })
export class EdgeController {
  constructor(private readonly link: EdgeLink) {}

  @RequireRole('read')
  @Get('edge')
  @ApiCall('getEdge', 'Where a server follows another: how far, and what that one has refused')
  @ApiAnswer(200, 'All writes up to `safe` are decided upstream', ['EdgeAnswer', ANSWERS.edge])
  @ApiProblems('not_found')
  async status(@CurrentPrincipal() principal: Principal) {
    const { edge } = this.link;
    if (edge?.tenant !== principal.tenant) throw new AtomeError('not_found', 'no other server is followed');
    const isAdmin = roleAllows(principal, 'administer');
    const refused = await edge.refusals(isAdmin ? undefined : principal.id);
    const { fault, ...status } = edge.status();
    // it may name addresses
    return { success: true, ...status, ...(isAdmin && fault !== undefined && { fault }), refused };
  }
}
