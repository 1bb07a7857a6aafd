import { Controller, Get, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import { CurrentPrincipal, Guarded, RequireRole } from '../auth/authorization/access.guard.js';
import { SharedClock } from '../database/shared-clock.js';
import { ApiCall, ApiAnswers, ApiGroup } from '../http/openapi.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { PROTOCOL_VERSION, type Principal } from '../protocol/index.js';
import { VERSION } from '../version.js';
import { LedgerInfo } from './ledger-info.js';
import { ResolvedOptions } from '../config/module-options.js';

/** What a client may want to know before it connects. */
@ApiGroup('server')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ path: 'server-info', version: VERSION_NEUTRAL })
export class ServerInfoController {
  constructor(
    private readonly ledger: LedgerInfo,
    private readonly options: ResolvedOptions,
    private readonly clock: SharedClock,
  ) {}

  @RequireRole('public')
  @Get()
  @ApiCall('getServerInfo', 'Version, ledger and limits of this server')
  @ApiAnswers(200, 'What is only for those of a tenant is left out for others', {
    'application/json': { schema: 'ServerInfoAnswer' },
  })
  async info(@CurrentPrincipal() caller: Principal | undefined) {
    return {
      success: true,
      name: 'atome-sync',
      version: VERSION,
      protocol: PROTOCOL_VERSION,
      wsPath: this.options.wsPath,
      authRequired: this.options.knowsCallers,
      accounts: this.options.hasAccounts,
      ...(caller && (await this.ledger.of(caller))),
      serverTime: new Date(this.clock.now()).toISOString(),
      limits: this.options.limits,
    };
  }
}
