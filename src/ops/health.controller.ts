import {
  Catch,
  Controller,
  Get,
  Injectable,
  ServiceUnavailableException,
  UseFilters,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { HealthCheck, HealthCheckService, HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import { NodeBus } from '../bus/node-bus.js';
import { Retention } from '../application/retention.js';
import { EdgeLink } from '../edge/edge-link.js';
import { Drain } from '../http/drain.js';
import { ApiCall, ApiAnswers, ApiGroup } from '../http/openapi.js';
import { Readiness } from './readiness.js';

const RETRY_S = '1';
const REPORT = { 'application/json': { schema: 'HealthAnswer' } } as const;
/** What is archived once a day is late after two, in milliseconds. */
const LATE_MS = 2 * 86_400_000;
const NOT_ARCHIVED =
  'alterations stay in the ledger for longer than RETENTION says: the log and atome-sync doctor say why';
const NOT_FOLLOWED = 'the server above is not followed: what is written there comes later; the log says why';
const NOT_HEARD = 'other servers are not heard: what they write is seen later; the log says why';

/** A report of what is not well is an answer, not a problem. */
@Catch(ServiceUnavailableException)
class ReportFilter implements ExceptionFilter<ServiceUnavailableException> {
  catch(unwell: ServiceUnavailableException, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    void reply.status(503).header('Retry-After', RETRY_S).send(unwell.getResponse());
  }
}

/** What is said of beside what a server cannot be without. */
@Injectable()
export class Reports {
  constructor(
    readonly bus: NodeBus,
    readonly retention: Retention,
    readonly link: EdgeLink,
    readonly drain: Drain,
  ) {}
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
    private readonly readiness: Readiness,
    private readonly reports: Reports,
  ) {}

  @Get()
  @Unlimited()
  @HealthCheck({ noCache: true, swaggerDocumentation: false })
  @ApiCall('getHealth', 'Is everything well?')
  @ApiAnswers(200, 'Yes', REPORT)
  @ApiAnswers(503, 'No: `error` says what is wrong', REPORT, ['Retry-After'])
  check() {
    return this.health.check([
      () => this.accepting(),
      () => this.database(),
      () => this.others(),
      () => this.archiving(),
      () => this.upstream(),
    ]);
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
    return this.reports.drain.isLeaving ? indicator.down('going down') : indicator.up();
  }

  /** A server that does not hear others is late, and right all the same. */
  private others(): HealthIndicatorResult {
    const { fault, peerCount } = this.reports.bus;
    const indicator = this.indicators.check('otherServers');
    // why, the log says: it may name hosts and users
    return fault === undefined ? indicator.up({ count: peerCount }) : indicator.up({ degraded: NOT_HEARD });
  }

  /** An edge is there for when the way to the server above is not. */
  private upstream(): HealthIndicatorResult {
    const { edge } = this.reports.link;
    if (!edge) return {};
    const { state, waiting, upstream } = edge.status();
    const lag = upstream && upstream.head - upstream.seq;
    const degraded = state !== 'live' && { degraded: NOT_FOLLOWED };
    return this.indicators.check('upstream').up({ state, waiting, ...(lag !== undefined && { lag }), ...degraded });
  }

  /** What is late goes by itself later; until then it takes room. */
  private archiving(): HealthIndicatorResult {
    const lateMs = this.reports.retention.lag.ms;
    const indicator = this.indicators.check('retention');
    if (lateMs === undefined) return {};
    return (lateMs < LATE_MS ? indicator.up() : indicator.up({ degraded: NOT_ARCHIVED })) as HealthIndicatorResult;
  }

  private async database(): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check('database');
    const reason = await this.readiness.ask();
    if (reason !== undefined) return indicator.down(reason);
    const { degraded } = this.readiness;
    return degraded === undefined ? indicator.up() : indicator.up({ degraded });
  }
}
