import { Logger, Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ResolvedOptions } from '../config/module-options.js';
import { OwnAccessLog } from './access-log.js';
import { ArrivingBodies } from './arriving-bodies.js';
import { MemoryBudget } from '../auth/admission/memory-budget.js';
import { byteBudgetWithin } from './byte-budget.js';
import { Drain } from './drain.js';
import { HeavyCalls } from './heavy-calls.js';
import { JsonAnswers } from './json-answers.js';
import { LimitedLog } from './limited-log.js';
import { LongResponses } from './long-responses.js';
import { OwnRoutes, Transfers, WayIn } from './own-routes.js';
import { AtomeErrorFilter } from './problem.filter.js';
import { RequestTurns } from './request-turns.js';
import { RouteTable } from './route-table.js';
import { SecurityLog } from './security-log.js';
import { StallGuard } from './stall-guard.js';
import { UsualPrefix } from './usual-prefix.js';

/** What all routes of the module share. */
@Module({
  providers: [
    {
      provide: ArrivingBodies,
      inject: [MemoryBudget],
      useFactory: (memory: MemoryBudget) =>
        new ArrivingBodies(byteBudgetWithin(memory, 'bodies that arrive'), new LimitedLog(new Logger('Http'))),
    },
    {
      provide: Transfers,
      inject: [ArrivingBodies, MemoryBudget, ResolvedOptions],
      useFactory: (bodies: ArrivingBodies, memory: MemoryBudget, { limits }: ResolvedOptions) =>
        new Transfers(bodies, byteBudgetWithin(memory, 'answers that are taken'), limits),
    },
    {
      provide: HeavyCalls,
      inject: [ResolvedOptions],
      useFactory: ({ heavyCalls, knowsCallers }: ResolvedOptions) =>
        new HeavyCalls(heavyCalls, knowsCallers, new LimitedLog(new Logger('Http'))),
    },
    {
      provide: RequestTurns,
      inject: [Drain],
      useFactory: (drain: Drain) => new RequestTurns(new LimitedLog(new Logger('Http')), drain),
    },
    {
      provide: WayIn,
      inject: [RequestTurns, Drain],
      useFactory: (turns: RequestTurns, drain: Drain) => new WayIn(turns, drain),
    },
    Drain,
    JsonAnswers,
    LongResponses,
    RouteTable,
    // before what may refuse a request
    OwnAccessLog,
    OwnRoutes,
    SecurityLog,
    StallGuard,
    UsualPrefix,
    { provide: APP_FILTER, useClass: AtomeErrorFilter },
  ],
  exports: [
    ArrivingBodies,
    Drain,
    HeavyCalls,
    JsonAnswers,
    LongResponses,
    RequestTurns,
    RouteTable,
    SecurityLog,
    StallGuard,
  ],
})
export class HttpModule {
  static from(...imports: DynamicModule[]): DynamicModule {
    return { module: HttpModule, imports };
  }
}
