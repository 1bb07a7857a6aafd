import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { errorLog } from '../http/error-log.js';
import { LEDGER_STORE, type LedgerStore } from '../ledger/store.js';
import { HealthController, Reports } from './health.controller.js';
import { Readiness } from './readiness.js';

/** What those who run the server need. */
@Module({
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [
    Reports,
    {
      provide: Readiness,
      inject: [LEDGER_STORE],
      useFactory: (store: LedgerStore) => new Readiness(store, errorLog('Health')),
    },
  ],
})
export class OpsModule {}
