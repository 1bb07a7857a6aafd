import { randomBytes } from 'node:crypto';
import { Logger, Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { AccessPolicy } from '../auth/authorization/access-policy.js';
import { ResolvedOptions } from '../config/module-options.js';
import { Feed } from '../feed/feed.js';
import { PageCache } from '../feed/page-cache.js';
import { errorLog } from '../http/error-log.js';
import { LimitedLog } from '../http/limited-log.js';
import { Scrubber } from '../ledger/integrity/scrubber.js';
import { LedgerReader } from '../ledger/read/ledger-reader.js';
import { LEDGER_STORE, type LedgerStore } from '../ledger/store.js';
import type { Report } from '../ledger/store-error.js';
import { openStore } from '../ledger/stores/open-store.js';
import { LedgerWriter } from '../ledger/write/ledger-writer.js';
import { HybridClock } from '../protocol/index.js';

/** What the database cannot do is said once an interval, whoever asked for it. */
function storeLog(): Report {
  const log = new LimitedLog(new Logger('Store'));
  return (kind, line) => log.warn(kind, line);
}

function writerOf(store: LedgerStore, reader: LedgerReader, rules: AccessPolicy, options: ResolvedOptions) {
  const stateAt: LedgerReader['stateAt'] = (tenant, id, version) => reader.stateAt(tenant, id, version);
  const clock = new HybridClock(randomBytes(4).toString('hex'));
  const { limits, quotas } = options;
  return new LedgerWriter(store, stateAt, { clock, limits, quotas, rules, now: Date.now }, errorLog('Writer'));
}

const PROVIDERS: readonly FactoryProvider[] = [
  {
    provide: AccessPolicy,
    inject: [ResolvedOptions],
    useFactory: (o: ResolvedOptions) => new AccessPolicy(o, errorLog('Authority')),
  },
  {
    provide: LEDGER_STORE,
    inject: [ResolvedOptions],
    useFactory: (o: ResolvedOptions) => openStore(o.databaseUrl, { report: storeLog(), postgres: o.postgres }),
  },
  { provide: LedgerReader, inject: [LEDGER_STORE], useFactory: (store: LedgerStore) => new LedgerReader(store) },
  {
    provide: Scrubber,
    inject: [LEDGER_STORE],
    useFactory: (store: LedgerStore) => new Scrubber(store, errorLog('Scrubber')),
  },
  { provide: LedgerWriter, inject: [LEDGER_STORE, LedgerReader, AccessPolicy, ResolvedOptions], useFactory: writerOf },
  {
    provide: Feed,
    inject: [LedgerReader, LedgerWriter, AccessPolicy, ResolvedOptions],
    useFactory: (reader: LedgerReader, writer: LedgerWriter, rules: AccessPolicy, { feed }: ResolvedOptions) =>
      new Feed(
        { ledger: reader, options: feed, rules, pages: new PageCache(feed.pageBytes) },
        writer,
        errorLog('Feed'),
      ),
  },
];

/** The ledger, who may do what in it, and its feed. They are plain classes: here they are put together. */
@Module({ providers: [...PROVIDERS], exports: PROVIDERS.map(({ provide }) => provide) })
export class LedgerModule {
  static from(...imports: DynamicModule[]): DynamicModule {
    return { module: LedgerModule, imports };
  }
}
