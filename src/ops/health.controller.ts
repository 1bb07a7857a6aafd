import {
  Catch,
  Controller,
  Get,
  Inject,
  ServiceUnavailableException,
  UseFilters,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { HealthCheck, HealthCheckService, HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import { Drain } from '../door/drain.js';
import { LEDGER_STORE, type LedgerStore } from '../ledger/store.js';

/** A report of what is not well is an answer, not a problem. */
@Catch(ServiceUnavailableException)
class ReportFilter implements ExceptionFilter<ServiceUnavailableException> {
  catch(unwell: ServiceUnavailableException, host: ArgumentsHost): void {
    void host.switchToHttp().getResponse<FastifyReply>().status(503).send(unwell.getResponse());
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
    @Inject(LEDGER_STORE) private readonly store: LedgerStore,
  ) {}

  @Get()
  @Unlimited()
  @HealthCheck({ noCache: true, swaggerDocumentation: false })
  @ApiOperation({ summary: 'Is everything well?' })
  @ApiResponse({ status: 200, description: 'Yes' })
  @ApiResponse({ status: 503, description: 'No: `error` says what is wrong' })
  check() {
    return this.health.check([() => this.accepting(), () => this.database()]);
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
  @ApiResponse({ status: 503, description: 'No: it is going down, or its database is out of reach' })
  ready() {
    return this.check();
  }

  private accepting(): HealthIndicatorResult {
    const indicator = this.indicators.check('server');
    return this.drain.signal.aborted ? indicator.down('going down') : indicator.up();
  }

  private async database(): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check('database');
    try {
      await this.store.ping();
      return indicator.up();
    } catch (error) {
      return indicator.down((error as Error).message);
    }
  }
}
