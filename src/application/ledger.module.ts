import { randomBytes } from 'node:crypto';
import { Logger, Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { MemoryBudget } from '../auth/admission/memory-budget.js';
import { ReadSlots } from '../auth/admission/read-slots.js';
import { AccessPolicy } from '../auth/authorization/access-policy.js';
import { NodeBus } from '../bus/node-bus.js';
import { transportOf } from '../bus/open-transport.js';
import { SharedClock } from '../database/shared-clock.js';
import { sharedSecret } from '../database/shared-secret.js';
import { ResolvedOptions } from '../config/module-options.js';
import { DEFAULT_SCHEMA, type Tables } from '../database/tables.js';
import { Feed } from '../feed/feed.js';
import { PageCache } from '../feed/page-cache.js';
import { errorLog } from '../http/error-log.js';
import { LimitedLog } from '../http/limited-log.js';
import { Scrubber } from '../ledger/integrity/scrubber.js';
import type { IndexReport } from '../ledger/field-indexes.js';
import { LedgerReaders } from '../ledger/read/ledger-readers.js';
import { LEDGER_STORE, type LedgerStore } from '../ledger/store.js';
import type { Report } from '../ledger/store-error.js';
import { openStore } from '../ledger/stores/open-store.js';
import type { SqlStore } from '../ledger/stores/sql.store.js';
import type { StateAt } from '../ledger/write/group-commits.js';
import { LedgerWriter } from '../ledger/write/ledger-writer.js';
import { HybridClock } from '../protocol/index.js';
import { LedgerReads } from './ledger-reads.js';
import { WritesElsewhere } from './writes-elsewhere.js';
import { OtherNodes } from './other-nodes.js';
import { Retention } from './retention.js';

/** What the database cannot do is said once an interval, whoever asked for it. */
function storeLog(): Report {
  const log = new LimitedLog(new Logger('Store'));
  return (kind, line) => log.warn(kind, line);
}

function indexLog(): IndexReport {
  const logger = new Logger('Kinds');
  const log = new LimitedLog(logger);
  return { done: (line) => logger.log(line), failed: (line) => log.warn('indexes', line) };
}

type WriterNeeds = [LedgerStore, LedgerReaders, AccessPolicy, ReadSlots, ResolvedOptions, MemoryBudget, NodeBus];

function writerOf(...[store, ledgers, rules, { restores }, options, memory, { state }]: WriterNeeds): LedgerWriter {
  const stateAt: StateAt = (tenant, id, version) =>
    restores.use({ tenant, isPatient: true }, () => ledgers.of(tenant).stateAt(id, version));
  const { now } = store.clock;
  const clock = new HybridClock(randomBytes(4).toString('hex'), now);
  const { limits, quotas, kinds } = options;
  const log = new LimitedLog(new Logger('Writes'));
  const onRefused = (cause: string, line: string): void => log.warn(cause, line);
  const elsewhere = quotas.writesPerSecond === 0 ? undefined : new WritesElsewhere(state, quotas);
  const environment = { clock, limits, quotas, rules, kinds, now, memory, onRefused, elsewhere };
  const writer = new LedgerWriter(store, stateAt, environment, errorLog('Writer'));
  memory.register(writer);
  return writer;
}

/** SQLite reads in two threads: the other one is left to what is light. */
const SQLITE_HEAVY_SLOTS = 1;

function readSlotsOf({ kind }: LedgerStore): ReadSlots {
  const log = new LimitedLog(new Logger('Reads'));
  return new ReadSlots((cause, line) => log.warn(cause, line), kind === 'sqlite' ? SQLITE_HEAVY_SLOTS : undefined);
}

type FeedNeeds = [LedgerReaders, LedgerWriter, AccessPolicy, ReadSlots, ResolvedOptions, MemoryBudget];

function feedOf(...[ledgers, writer, rules, { light }, { feed: options }, memory]: FeedNeeds): Feed {
  const kept = { pages: new PageCache(options.pageBytes), rings: { bytes: 0 }, memory };
  const feed = new Feed({ ledgers, options, rules, slots: light, ...kept }, writer, errorLog('Feed'));
  memory.register(feed);
  return feed;
}

const PROVIDERS: readonly FactoryProvider[] = [
  {
    provide: AccessPolicy,
    inject: [ResolvedOptions],
    useFactory: (o: ResolvedOptions) => new AccessPolicy(o, errorLog('AccessPolicy')),
  },
  {
    provide: LEDGER_STORE,
    inject: [ResolvedOptions],
    useFactory: async ({
      databaseUrl,
      databaseSchema: schema,
      migrate: migrates,
      postgres,
      kinds,
    }: ResolvedOptions) => {
      const store = await openStore(databaseUrl, { report: storeLog(), postgres, schema, migrates });
      store.fields.begin(kinds?.indexed ?? [], indexLog());
      return store;
    },
  },
  { provide: SharedClock, inject: [LEDGER_STORE], useFactory: ({ clock }: LedgerStore) => clock },
  { provide: LedgerReaders, inject: [LEDGER_STORE], useFactory: (store: LedgerStore) => new LedgerReaders(store) },
  {
    provide: Scrubber,
    inject: [LEDGER_STORE],
    useFactory: (store: LedgerStore) => new Scrubber(store, errorLog('Scrubber')),
  },
  {
    provide: LedgerWriter,
    inject: [LEDGER_STORE, LedgerReaders, AccessPolicy, ReadSlots, ResolvedOptions, MemoryBudget, NodeBus],
    useFactory: writerOf,
  },
  { provide: ReadSlots, inject: [LEDGER_STORE], useFactory: readSlotsOf },
  {
    provide: LedgerReads,
    inject: [LEDGER_STORE, ReadSlots],
    useFactory: (store: LedgerStore, slots: ReadSlots) => new LedgerReads(store, slots),
  },
  {
    provide: NodeBus,
    inject: [ResolvedOptions, LEDGER_STORE, MemoryBudget],
    useFactory: (options: ResolvedOptions, store: LedgerStore & Tables, memory: MemoryBudget) => {
      const { bus, busCredentials, busCa, databaseUrl, databaseSchema: schema = DEFAULT_SCHEMA } = options;
      const { now } = store.clock;
      const parts = { secret: () => sharedSecret(store, 'bus'), hasRoom: () => memory.hasRoom(), now };
      const nodeBus = new NodeBus(parts, transportOf({ bus, busCredentials, busCa, databaseUrl, schema }));
      memory.register(nodeBus.state);
      return nodeBus;
    },
  },
  {
    provide: Retention,
    inject: [LEDGER_STORE, ResolvedOptions],
    useFactory: (store: SqlStore, { retention }: ResolvedOptions) => new Retention(store, retention),
  },
  {
    provide: Feed,
    inject: [LedgerReaders, LedgerWriter, AccessPolicy, ReadSlots, ResolvedOptions, MemoryBudget],
    useFactory: feedOf,
  },
  {
    provide: OtherNodes,
    inject: [NodeBus, LedgerWriter, Feed, ResolvedOptions],
    useFactory: (bus: NodeBus, writer: LedgerWriter, feed: Feed, { feed: { pollMs } }: ResolvedOptions) => {
      const log = new LimitedLog(new Logger('Bus'));
      return new OtherNodes({ bus, writer, feed, pollMs, say: (line) => log.warn(line, line) });
    },
  },
];

/** The ledger, who may do what in it, and its feed. They are plain classes: here they are put together. */
@Module({ providers: [...PROVIDERS], exports: PROVIDERS.map(({ provide }) => provide) })
export class LedgerModule {
  static from(...imports: DynamicModule[]): DynamicModule {
    return { module: LedgerModule, imports };
  }
}
