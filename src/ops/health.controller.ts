import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { HealthCheck, HealthCheckService, HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { Drain } from '../door/drain.js';
import { LEDGER_STORE, type LedgerStore } from '../ledger/store.js';

/** Whether this process should be restarted (`live`), and whether it should be sent requests (`ready`). */
@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly drain: Drain,
    @Inject(LEDGER_STORE) private readonly store: LedgerStore,
  ) {}

  @Get()
  @HealthCheck({ swaggerDocumentation: false })
  @ApiOperation({ summary: 'Is everything well?' })
  @ApiResponse({ status: 200, description: 'Yes' })
  @ApiResponse({ status: 503, description: 'No: `error` says what is wrong' })
  check() {
    return this.health.check([() => this.accepting(), () => this.database()]);
  }

  @Get('live')
  @HealthCheck({ swaggerDocumentation: false })
  @ApiOperation({ summary: 'Does the process answer?' })
  @ApiResponse({ status: 200, description: 'Yes' })
  live() {
    return this.health.check([]);
  }

  @Get('ready')
  @HealthCheck({ swaggerDocumentation: false })
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
