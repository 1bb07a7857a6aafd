import {
  Catch,
  Controller,
  Get,
  ServiceUnavailableException,
  UseFilters,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiOperation, ApiResponse, ApiTags } from '../api-decorators.js';
import { HealthCheck, HealthCheckService, HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import { NodeBus } from '../bus/node-bus.js';
import { Drain } from '../http/drain.js';
import { Readiness } from './readiness.js';

const RETRY_S = '1';
const NOT_HEARD = 'other servers are not heard: what they write is seen later; the log says why';

/** A report of what is not well is an answer, not a problem. */
@Catch(ServiceUnavailableException)
class ReportFilter implements ExceptionFilter<ServiceUnavailableException> {
  catch(unwell: ServiceUnavailableException, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    void reply.status(503).header('Retry-After', RETRY_S).send(unwell.getResponse());
  }
}

/** A probe that is refused would have a server restarted that is well. */
const Unlimited = (): MethodDecorator => RouteConfig({ rateLimit: false });

/** Whether this process should be restarted (`live`), and whether it should be sent requests (`ready`). */
@ApiTags('health')
@UseFilters(ReportFilter)
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly drain: Drain,
    private readonly readiness: Readiness,
    private readonly bus: NodeBus,
  ) {}

  @Get()
  @Unlimited()
  @HealthCheck({ noCache: true, swaggerDocumentation: false })
  @ApiOperation({ summary: 'Is everything well?' })
  @ApiResponse({ status: 200, description: 'Yes' })
  @ApiResponse({ status: 503, description: 'No: `error` says what is wrong' })
  check() {
    return this.health.check([() => this.accepting(), () => this.database(), () => this.others()]);
  }

  @Get('live')
  @Unlimited()
  @HealthCheck({ noCache: true, swaggerDocumentation: false })
  @ApiOperation({ summary: 'Does the process answer?' })
  @ApiResponse({ status: 200, description: 'Yes' })
  live() {
    return this.health.check([]);
  }

  @Get('ready')
  @Unlimited()
  @HealthCheck({ noCache: true, swaggerDocumentation: false })
  @ApiOperation({ summary: 'Should it get requests?' })
  @ApiResponse({ status: 200, description: 'Yes' })
  @ApiResponse({ status: 503, description: 'No: it is going down, or nothing can be written to its database' })
  ready() {
    return this.check();
  }

  private accepting(): HealthIndicatorResult {
    const indicator = this.indicators.check('server');
    return this.drain.signal.aborted ? indicator.down('going down') : indicator.up();
  }

  /** A server that does not hear others is late, and right all the same. */
  private others(): HealthIndicatorResult {
    const { fault, peerCount } = this.bus;
    const indicator = this.indicators.check('otherServers');
    // why, the log says: it may name hosts and users
    return fault === undefined ? indicator.up({ count: peerCount }) : indicator.up({ degraded: NOT_HEARD });
  }

  private async database(): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check('database');
    const reason = await this.readiness.ask();
    return reason === undefined ? indicator.up() : indicator.down(reason);
  }
}
