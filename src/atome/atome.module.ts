import { randomBytes } from 'node:crypto';
import { Logger, Module, type DynamicModule, type FactoryProvider, type Provider } from '@nestjs/common';
import { APP_FILTER, DiscoveryModule } from '@nestjs/core';
import { AccessGuard } from '../access/access.guard.js';
import { Authenticator, NoAuthenticator } from '../access/authenticator.js';
import { JwtAuthenticator } from '../access/jwt.authenticator.js';
import { Feed } from '../feed/feed.js';
import { openStore } from '../ledger/data-source.js';
import { LedgerReader } from '../ledger/reader.js';
import { Scrubber } from '../ledger/scrubber.js';
import { LedgerWriter } from '../ledger/writer.js';
import { HybridClock } from '../protocol/index.js';
import { AuditController } from '../law/audit.controller.js';
import { TrailReader } from '../law/trail-reader.js';
import { UserDataController } from '../law/user-data.controller.js';
import { UserData } from '../law/user-data.js';
import { SecurityLog } from '../door/security-log.js';
import { SyncController } from '../sync/sync.controller.js';
import { AtomeController } from './atome.controller.js';
import { AtomeEvents } from './atome-events.js';
import { gatewayAt } from './atome.gateway.js';
import { ResolvedOptions, type AtomeOptions, type AtomeStaticOptions } from '../door/options.js';
import { AtomeService } from './atome.service.js';
import { Connections } from './connections.js';
import { Drain } from '../door/drain.js';
import { AtomeErrorFilter } from '../door/problem.filter.js';
import { AtomeLifecycle } from './lifecycle.js';
import { ServerInfoController } from './server-info.controller.js';
import { AcknowledgedWrites } from '../door/acknowledged-writes.js';
import { LEDGER_STORE, type LedgerStore } from '../ledger/store.js';

/** Options that come from a factory; those of {@link AtomeStaticOptions} are given beside it. */
export interface AtomeAsyncOptions extends AtomeStaticOptions {
  readonly imports?: DynamicModule['imports'];
  readonly inject?: FactoryProvider['inject'];
  readonly useFactory: (...args: never[]) => AtomeOptions | Promise<AtomeOptions>;
}

const logError = (context: string) => {
  const logger = new Logger(context);
  return (error: unknown): void => logger.error(error);
};

/* The ledger and the feed are plain classes; here they are put together. */
const PARTS: Provider[] = [
  {
    provide: LEDGER_STORE,
    inject: [ResolvedOptions],
    useFactory: ({ databaseUrl }: ResolvedOptions) => openStore(databaseUrl),
  },
  { provide: LedgerReader, inject: [LEDGER_STORE], useFactory: (store: LedgerStore) => new LedgerReader(store) },
  {
    provide: LedgerWriter,
    inject: [LEDGER_STORE, LedgerReader, ResolvedOptions],
    useFactory: (store: LedgerStore, reader: LedgerReader, { limits }: ResolvedOptions) =>
      new LedgerWriter(
        store,
        (tenant, id, version) => reader.stateAt(tenant, id, version),
        new HybridClock(randomBytes(4).toString('hex')),
        limits,
      ),
  },
  {
    provide: Feed,
    inject: [LedgerReader, LedgerWriter, ResolvedOptions],
    useFactory: (reader: LedgerReader, writer: LedgerWriter, { feed }: ResolvedOptions) =>
      new Feed(reader, writer, feed, logError('Feed')),
  },
  {
    provide: AcknowledgedWrites,
    inject: [LedgerWriter, LedgerReader],
    useFactory: (writer: LedgerWriter, reader: LedgerReader) =>
      new AcknowledgedWrites(writer, reader, logError('Writes')),
  },
  {
    provide: Scrubber,
    inject: [LEDGER_STORE],
    useFactory: (store: LedgerStore) => new Scrubber(store, logError('Scrubber')),
  },
  { provide: TrailReader, inject: [LEDGER_STORE], useFactory: (store: LedgerStore) => new TrailReader(store) },
  {
    provide: UserData,
    inject: [LEDGER_STORE, LedgerReader, LedgerWriter, Scrubber],
    useFactory: (store: LedgerStore, reader: LedgerReader, writer: LedgerWriter, scrubber: Scrubber) =>
      new UserData(store, reader, writer, scrubber),
  },
  SecurityLog,
  {
    provide: Connections,
    inject: [ResolvedOptions],
    useFactory: ({ socket }: ResolvedOptions) => new Connections(socket.heartbeatMs),
  },
  {
    provide: Authenticator,
    inject: [ResolvedOptions],
    useFactory: ({ jwt }: ResolvedOptions): Authenticator => (jwt ? new JwtAuthenticator(jwt) : new NoAuthenticator()),
  },
  AccessGuard,
  Drain,
  AtomeLifecycle,
  AtomeService,
  AtomeEvents,
  { provide: APP_FILTER, useClass: AtomeErrorFilter },
];

/**
 * Shared objects for a Nest application on Fastify: REST under `atome` and `sync`, the WebSocket, and
 * {@link AtomeService} for its own code. The application brings `app.useWebSocketAdapter(new AtomeWsAdapter(app))`.
 */
@Module({})
export class AtomeModule {
  static forRoot(options: AtomeOptions & AtomeStaticOptions = {}): DynamicModule {
    return compose(options, { provide: ResolvedOptions, useValue: new ResolvedOptions(options) });
  }

  static forRootAsync({ imports = [], inject = [], useFactory, ...fixed }: AtomeAsyncOptions): DynamicModule {
    const provider: FactoryProvider = {
      provide: ResolvedOptions,
      inject,
      useFactory: async (...args: never[]) => new ResolvedOptions({ ...(await useFactory(...args)), ...fixed }),
    };
    return compose(fixed, provider, imports);
  }
}

function compose(
  { wsPath }: AtomeStaticOptions,
  options: Provider,
  imports: NonNullable<DynamicModule['imports']> = [],
): DynamicModule {
  return {
    module: AtomeModule,
    imports: [...imports, DiscoveryModule],
    controllers: [AtomeController, SyncController, ServerInfoController, AuditController, UserDataController],
    providers: [options, ...PARTS, gatewayAt(wsPath ?? new ResolvedOptions({}).wsPath)],
    exports: [
      AccessGuard,
      Authenticator,
      AtomeService,
      AtomeEvents,
      Feed,
      LedgerReader,
      LEDGER_STORE,
      UserData,
      SecurityLog,
      Drain,
      ResolvedOptions,
    ],
  };
}
