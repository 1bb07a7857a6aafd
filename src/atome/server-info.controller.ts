import { Controller, Get, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ANONYMOUS } from '../access/anonymous.js';
import { Feed } from '../feed/feed.js';
import { ProblemFilter } from '../door/problem.filter.js';
import { PROTOCOL_VERSION } from '../protocol/index.js';
import { VERSION } from '../version.js';
import { ResolvedOptions } from '../door/options.js';
import { Connections } from './connections.js';

/** What a client may want to know before it connects. */
@ApiTags('server')
@UseFilters(ProblemFilter)
@Controller('server-info')
export class ServerInfoController {
  constructor(
    private readonly feed: Feed,
    private readonly connections: Connections,
    private readonly options: ResolvedOptions,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Version, ledger and limits of this server' })
  @ApiResponse({
    status: 200,
    description:
      '`{ success, name, version, protocol, wsPath, authRequired, epoch, seq, connectedClients, serverTime, limits }`',
  })
  async info() {
    const { tenant } = ANONYMOUS;
    const log = await this.feed.log(tenant);
    return {
      success: true,
      name: 'atome-sync',
      version: VERSION,
      protocol: PROTOCOL_VERSION,
      wsPath: this.options.wsPath,
      authRequired: false,
      epoch: log.epoch,
      seq: log.tail,
      connectedClients: this.connections.count(tenant),
      serverTime: new Date().toISOString(),
      limits: this.options.limits,
    };
  }
}
