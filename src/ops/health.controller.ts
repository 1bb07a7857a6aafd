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
import { HealthCheck, HealthCheckService, HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import { Drain } from '../http/drain.js';
import { ApiCall, ApiAnswers, ApiGroup } from '../http/openapi.js';
import { PeerHealth } from './peer-health.js';
import { Readiness } from './readiness.js';

const RETRY_S = '1';
const REPORT = { 'application/json': { schema: 'HealthAnswer' } } as const;

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
@ApiGroup('health')
@UseFilters(ReportFilter)
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly drain: Drain,
    private readonly readiness: Readiness,
    private readonly peers: PeerHealth,
  ) {}

  @Get()
  @Unlimited()
  @HealthCheck({ noCache: true, swaggerDocumentation: false })
  @ApiCall('getHealth', 'Is everything well?')
  @ApiAnswers(200, 'Yes', REPORT)
  @ApiAnswers(503, 'No: `error` says what is wrong', REPORT, ['Retry-After'])
  check() {
    return this.health.check([() => this.accepting(), () => this.database(), ...this.peers.looks()]);
  }

  @Get('live')
  @Unlimited()
  @HealthCheck({ noCache: true, swaggerDocumentation: false })
  @ApiCall('getLiveness', 'Does the process answer?')
  @ApiAnswers(200, 'Yes', REPORT)
  live() {
    return this.health.check([]);
  }

  @Get('ready')
  @Unlimited()
  @HealthCheck({ noCache: true, swaggerDocumentation: false })
  @ApiCall('getReadiness', 'Should it get requests?')
  @ApiAnswers(200, 'Yes', REPORT)
  @ApiAnswers(503, 'No: it is going down, or its database is out of reach, locked or read-only', REPORT, [
    'Retry-After',
  ])
  ready() {
    return this.check();
  }

  private accepting(): HealthIndicatorResult {
    const indicator = this.indicators.check('server');
    return this.drain.isLeaving ? indicator.down('going down') : indicator.up();
  }

  private async database(): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check('database');
    const reason = await this.readiness.ask();
    if (reason !== undefined) return indicator.down(reason);
    const { degraded } = this.readiness;
    return degraded === undefined ? indicator.up() : indicator.up({ degraded });
  }
}
