import { randomUUID } from 'node:crypto';
import { Logger, Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { ReadSlots } from '../auth/admission/read-slots.js';
import { ResolvedOptions } from '../config/module-options.js';
import type { Tables } from '../database/tables.js';
import { errorLog } from '../http/error-log.js';
import { LimitedLog } from '../http/limited-log.js';
import { LedgerReaders } from '../ledger/read/ledger-readers.js';
import { LEDGER_STORE, type LedgerStore } from '../ledger/store.js';
import { LedgerWriter } from '../ledger/write/ledger-writer.js';
import { LEASE_MS } from './consumer.js';
import { ConsumerHost } from './consumer-options.js';
import { ConsumerRunner } from './consumer.runner.js';
import { ConsumerStore } from './consumer.store.js';
import { Consumers } from './consumers.js';
import { ConsumersController } from './consumers.controller.js';
import { HostTransactions } from './host-transactions.js';

/** What is read at once of a tenant's ledger, in characters. */
const PAGE_CHARS = 256 * 1024;

type Needs = [ConsumerStore, LedgerStore & Tables, LedgerReaders, LedgerWriter, ReadSlots, ResolvedOptions];

function runnerOf(...[store, tables, ledgers, commits, { light }, options]: Needs): ConsumerRunner {
  const log = new LimitedLog(new Logger('Consumers'));
  const transactions = new HostTransactions(options, tables);
  return new ConsumerRunner({
    store,
    transactions,
    page: (tenant, after, upTo = Number.MAX_SAFE_INTEGER) =>
      light.use({ tenant, isPatient: true }, () => ledgers.of(tenant).knownPage(after, upTo, { chars: PAGE_CHARS })),
    leaseMs: LEASE_MS,
    now: () => performance.now(),
    warn: (cause, line) => log.warn(cause, line),
    onError: errorLog('Consumers'),
    commits,
    close: () => transactions.close(),
    pollMs: options.feed.pollMs,
  });
}

const PROVIDERS: readonly FactoryProvider[] = [
  {
    provide: ConsumerStore,
    inject: [LEDGER_STORE],
    useFactory: (tables: LedgerStore & Tables) => new ConsumerStore(tables, randomUUID()),
  },
  {
    provide: ConsumerRunner,
    inject: [ConsumerStore, LEDGER_STORE, LedgerReaders, LedgerWriter, ReadSlots, ResolvedOptions],
    useFactory: runnerOf,
  },
  { provide: ConsumerHost, inject: [ConsumerRunner], useFactory: (runner: ConsumerRunner) => runner },
  {
    provide: Consumers,
    inject: [ConsumerStore, ConsumerRunner],
    useFactory: (store: ConsumerStore, runner: ConsumerRunner) => new Consumers(store, (lane) => runner.wake(lane)),
  },
];

/** Durable consumers. Where none is declared, it does nothing. */
@Module({ providers: [...PROVIDERS], exports: [Consumers, ConsumerHost, ConsumerRunner] })
export class ConsumersModule {
  static from(rest: boolean, ...imports: DynamicModule[]): DynamicModule {
    return { module: ConsumersModule, imports, controllers: rest ? [ConsumersController] : [] };
  }
}
