import { Logger, Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { AccessPolicy } from '../auth/authorization/access-policy.js';
import { ResolvedOptions } from '../config/module-options.js';
import { errorLog } from '../http/error-log.js';
import { LimitedLog } from '../http/limited-log.js';
import { Scrubber } from '../ledger/integrity/scrubber.js';
import { LEDGER_STORE, type LedgerStore } from '../ledger/store.js';
import { LedgerWriter } from '../ledger/write/ledger-writer.js';
import { AcknowledgedWrites } from './acknowledged-writes.js';
import { AtomeQueries, type ReaderOf } from './atome-queries.js';
import { AtomeWrites } from './atome-writes.js';
import { Batches } from './batches.js';
import { Echoes } from './echoes.js';
import { LedgerReads } from './ledger-reads.js';
import { KindUpgrader } from './kind-upgrader.js';
import { QueryCosts } from './query-costs.js';
import { PreparedWriter } from './prepared-writer.js';
import { Transactions } from './transactions.js';
import { UpgradingWriter } from './upgrading-writer.js';
import { WriteSafety } from './write-safety.js';
import { WriteHooks } from './write-hooks.js';

function readerOf(reads: LedgerReads): ReaderOf {
  return (principal, waiting) => reads.readerOf(principal, waiting);
}

function preparedWriterOf(
  writer: LedgerWriter,
  upgrader: KindUpgrader,
  queries: AtomeQueries,
  { kinds, limits }: ResolvedOptions,
): PreparedWriter {
  const target = upgrader.isNeeded ? new UpgradingWriter(writer, upgrader) : writer;
  const hooks = kinds?.hasHooks ? new WriteHooks(kinds, queries, limits) : undefined;
  const log = new LimitedLog(new Logger('Hooks'));
  return new PreparedWriter(target, kinds, hooks, (cause, line) => log.warn(cause, line));
}

type QueryNeeds = [LedgerReads, AccessPolicy, KindUpgrader, LedgerStore, ResolvedOptions];

function queriesOf(...[reads, rules, upgrader, { fields }, { queryScanLimit }]: QueryNeeds): AtomeQueries {
  const shown: KindUpgrader['shown'] | undefined = upgrader.isNeeded ? upgrader.shown : undefined;
  return new AtomeQueries(readerOf(reads), rules, shown, new QueryCosts(fields, queryScanLimit));
}

function upgraderOf(
  store: LedgerStore,
  reads: LedgerReads,
  writer: LedgerWriter,
  { kinds }: ResolvedOptions,
): KindUpgrader {
  const logger = new Logger('Kinds');
  const log = new LimitedLog(logger);
  const report = {
    done: (line: string) => logger.log(line),
    failed: (cause: string, line: string) => log.warn(cause, line),
  };
  return new KindUpgrader(kinds, { tenants: () => store.tenants(), readerOf: readerOf(reads), writer }, report);
}

const PROVIDERS: readonly FactoryProvider[] = [
  {
    provide: AtomeQueries,
    inject: [LedgerReads, AccessPolicy, KindUpgrader, LEDGER_STORE, ResolvedOptions],
    useFactory: queriesOf,
  },
  {
    provide: KindUpgrader,
    inject: [LEDGER_STORE, LedgerReads, LedgerWriter, ResolvedOptions],
    useFactory: upgraderOf,
  },
  {
    provide: PreparedWriter,
    inject: [LedgerWriter, KindUpgrader, AtomeQueries, ResolvedOptions],
    useFactory: preparedWriterOf,
  },
  {
    provide: AtomeWrites,
    inject: [PreparedWriter, LedgerReads, AtomeQueries, Scrubber],
    useFactory: (writer: PreparedWriter, reads: LedgerReads, queries: AtomeQueries, scrubber: Scrubber) =>
      new AtomeWrites(writer, readerOf(reads), queries, scrubber),
  },
  {
    provide: Transactions,
    inject: [LEDGER_STORE, LedgerWriter, AtomeWrites, ResolvedOptions],
    useFactory: (store: LedgerStore, writer: LedgerWriter, writes: AtomeWrites, options: ResolvedOptions) =>
      new Transactions(store, writer, writes, options),
  },
  {
    provide: Batches,
    inject: [AtomeWrites, AtomeQueries, ResolvedOptions],
    useFactory: (writes: AtomeWrites, queries: AtomeQueries, { limits }: ResolvedOptions) =>
      new Batches(writes, queries, limits, errorLog('Writes')),
  },
  {
    provide: AcknowledgedWrites,
    inject: [AtomeWrites, LedgerReads, AtomeQueries, WriteSafety],
    useFactory: (writes: AtomeWrites, reads: LedgerReads, queries: AtomeQueries, safety: WriteSafety) =>
      new AcknowledgedWrites(writes, new Echoes(readerOf(reads), queries, () => reads.now), safety, errorLog('Writes')),
  },
  { provide: WriteSafety, useFactory: () => new WriteSafety() },
];

/** Reads and writes on behalf of a principal, for REST, WebSocket, push and an application's own code alike. */
@Module({ providers: [...PROVIDERS], exports: PROVIDERS.map(({ provide }) => provide) })
export class ApplicationModule {
  static from(...imports: DynamicModule[]): DynamicModule {
    return { module: ApplicationModule, imports };
  }
}
