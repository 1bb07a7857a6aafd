import { Logger, Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ResolvedOptions } from '../config/module-options.js';
import { ArrivingBodies } from './arriving-bodies.js';
import { ByteBudget, defaultByteLimits } from './byte-budget.js';
import { Drain } from './drain.js';
import { HeavyCalls } from './heavy-calls.js';
import { LimitedLog } from './limited-log.js';
import { LongResponses } from './long-responses.js';
import { OwnRoutes } from './own-routes.js';
import { AtomeErrorFilter } from './problem.filter.js';
import { RouteTable } from './route-table.js';
import { SecurityLog } from './security-log.js';
import { StallGuard } from './stall-guard.js';

/** What all routes of the module share. */
@Module({
  providers: [
    {
      provide: ArrivingBodies,
      useFactory: () => new ArrivingBodies(new ByteBudget(defaultByteLimits()), new LimitedLog(new Logger('Http'))),
    },
    {
      provide: HeavyCalls,
      inject: [ResolvedOptions],
      useFactory: ({ heavyCalls, knowsCallers }: ResolvedOptions) =>
        new HeavyCalls(heavyCalls, knowsCallers, new LimitedLog(new Logger('Http'))),
    },
    Drain,
    LongResponses,
    RouteTable,
    OwnRoutes,
    SecurityLog,
    StallGuard,
    { provide: APP_FILTER, useClass: AtomeErrorFilter },
  ],
  exports: [ArrivingBodies, Drain, HeavyCalls, LongResponses, RouteTable, SecurityLog, StallGuard],
})
export class HttpModule {
  static from(...imports: DynamicModule[]): DynamicModule {
    return { module: HttpModule, imports };
  }
}
