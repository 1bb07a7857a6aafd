import { randomBytes } from 'node:crypto';
import { Logger, Module, type DynamicModule, type FactoryProvider, type Provider } from '@nestjs/common';
import { APP_FILTER, DiscoveryModule } from '@nestjs/core';
import { AccessGuard } from '../auth/authorization/access.guard.js';
import { AccessPolicy } from '../auth/authorization/access-policy.js';
import { RequestAuthenticator } from '../auth/authentication/request-authenticator.js';
import { Authenticator, NoAuthenticator } from '../auth/authentication/authenticator.js';
import { JwtAuthenticator } from '../auth/authentication/jwt.authenticator.js';
import { authProviders } from '../accounts/auth.providers.js';
import { Revocations } from '../accounts/revocations.js';
import { SessionAuthenticator } from '../accounts/session.authenticator.js';
import { OriginPolicy } from '../auth/admission/origins.js';
import { Perimeter } from '../auth/admission/perimeter.js';
import { CredentialExtractor } from '../auth/authentication/credential-extractor.js';
import { ConnectionLimiter } from '../auth/admission/connection-limiter.js';
import { Feed } from '../feed/feed.js';
import { PageCache } from '../feed/page-cache.js';
import { openStore } from '../ledger/stores/open-store.js';
import { LedgerReader } from '../ledger/read/ledger-reader.js';
import type { Report } from '../ledger/store-error.js';
import { Scrubber } from '../ledger/integrity/scrubber.js';
import { LedgerWriter } from '../ledger/write/ledger-writer.js';
import { HybridClock } from '../protocol/index.js';
import { AuditController } from '../compliance/audit.controller.js';
import { AuditReader } from '../compliance/audit-reader.js';
import { UserDataController } from '../compliance/user-data.controller.js';
import { UserData } from '../compliance/user-data.js';
import { RouteTable } from '../http/route-table.js';
import { LongResponses } from '../http/long-responses.js';
import { SecurityLog } from '../http/security-log.js';
import { SyncController } from '../sync/sync.controller.js';
import { AtomeController } from './atome.controller.js';
import { AtomeEvents } from './atome-events.js';
import { gatewayAt } from './atome.gateway.js';
import {
  DEFAULT_ACCOUNT_OPTIONS,
  ResolvedOptions,
  type AtomeOptions,
  type AtomeStaticOptions,
} from '../config/module-options.js';
import { AtomeService } from './atome.service.js';
import { StallGuard } from '../http/stall-guard.js';
import { ConnectionRegistry } from '../realtime/connection-registry.js';
import { CostLimiter } from '../realtime/cost-limiter.js';
import { HandshakePolicy } from '../realtime/handshake-policy.js';
import { SESSION_DEPENDENCIES, type SessionDependencies } from '../realtime/session-dependencies.js';
import { UpgradeRequired } from '../realtime/upgrade-required.js';
import { Drain } from '../http/drain.js';
import { errorLog } from '../http/error-log.js';
import { LimitedLog } from '../http/limited-log.js';
import { AtomeErrorFilter } from '../http/problem.filter.js';
import { AtomeLifecycle } from './lifecycle.js';
import { ServerInfoController } from './server-info.controller.js';
import { AcknowledgedWrites } from '../application/acknowledged-writes.js';
import { VisibleAtomes } from '../application/visible-atomes.js';
import { LEDGER_STORE, type LedgerStore } from '../ledger/store.js';

/** Options that come from a factory; those of {@link AtomeStaticOptions} are given beside it. */
export interface AtomeAsyncOptions extends AtomeStaticOptions {
  /** Modules whose providers the factory needs. */
  readonly imports?: DynamicModule['imports'];
  /** What the factory is called with, in this order. */
  readonly inject?: FactoryProvider['inject'];
  /** Makes the options, perhaps out of other providers; may be asynchronous. */
  readonly useFactory: (...args: never[]) => AtomeOptions | Promise<AtomeOptions>;
}

/** What the database cannot do is said once an interval, whoever asked for it. */
const storeLog = (): Report => {
  const log = new LimitedLog(new Logger('Store'));
  return (kind, line) => log.warn(kind, line);
};

const UNUSABLE_KEY =
  'a token is refused, because its key in the key set cannot be used (jwt.keys; AUTH_JWKS_URL, AUTH_JWKS_FILE)';

/* The ledger and the feed are plain classes; here they are put together. */
const PARTS: Provider[] = [
  {
    provide: LEDGER_STORE,
    inject: [ResolvedOptions],
    useFactory: ({ databaseUrl }: ResolvedOptions) => openStore(databaseUrl, storeLog()),
  },
  { provide: LedgerReader, inject: [LEDGER_STORE], useFactory: (store: LedgerStore) => new LedgerReader(store) },
  {
    provide: AccessPolicy,
    inject: [ResolvedOptions],
    useFactory: (options: ResolvedOptions) => new AccessPolicy(options, errorLog('Authority')),
  },
  {
    provide: VisibleAtomes,
    inject: [LedgerReader, AccessPolicy],
    useFactory: (reader: LedgerReader, accessPolicy: AccessPolicy) => new VisibleAtomes(reader, accessPolicy),
  },
  {
    provide: LedgerWriter,
    inject: [LEDGER_STORE, LedgerReader, ResolvedOptions, AccessPolicy],
    useFactory: (
      store: LedgerStore,
      reader: LedgerReader,
      { limits, quotas }: ResolvedOptions,
      accessPolicy: AccessPolicy,
    ) =>
      new LedgerWriter(store, (tenant, id, version) => reader.stateAt(tenant, id, version), {
        clock: new HybridClock(randomBytes(4).toString('hex')),
        limits,
        quotas,
        rules: accessPolicy,
        now: Date.now,
      }),
  },
  {
    provide: Feed,
    inject: [LedgerReader, LedgerWriter, ResolvedOptions, AccessPolicy],
    useFactory: (reader: LedgerReader, writer: LedgerWriter, { feed }: ResolvedOptions, accessPolicy: AccessPolicy) =>
      new Feed(
        { ledger: reader, options: feed, rules: accessPolicy, pages: new PageCache(feed.pageBytes) },
        writer,
        errorLog('Feed'),
      ),
  },
  {
    provide: AcknowledgedWrites,
    inject: [LedgerWriter, LedgerReader, VisibleAtomes],
    useFactory: (writer: LedgerWriter, reader: LedgerReader, visible: VisibleAtomes) =>
      new AcknowledgedWrites(writer, reader, visible, errorLog('Writes')),
  },
  {
    provide: Scrubber,
    inject: [LEDGER_STORE],
    useFactory: (store: LedgerStore) => new Scrubber(store, errorLog('Scrubber')),
  },
  { provide: AuditReader, inject: [LEDGER_STORE], useFactory: (store: LedgerStore) => new AuditReader(store) },
  {
    provide: UserData,
    inject: [LEDGER_STORE, LedgerReader, LedgerWriter, Scrubber, AccessPolicy],
    useFactory: (...parts: ConstructorParameters<typeof UserData>) => new UserData(...parts),
  },
  SecurityLog,
  LongResponses,
  RouteTable,
  StallGuard,
  UpgradeRequired,
  {
    provide: ConnectionRegistry,
    inject: [ResolvedOptions],
    useFactory: ({ socket }: ResolvedOptions) => new ConnectionRegistry(socket.heartbeatMs),
  },
  {
    provide: SESSION_DEPENDENCIES,
    inject: [
      ResolvedOptions,
      Authenticator,
      AccessPolicy,
      CredentialExtractor,
      ConnectionLimiter,
      Feed,
      AcknowledgedWrites,
      ConnectionRegistry,
    ],
    useFactory: (
      { limits, socket, feed: { unsentBytes } }: ResolvedOptions,
      authenticator: Authenticator,
      accessPolicy: AccessPolicy,
      credentialExtractor: CredentialExtractor,
      connectionLimiter: ConnectionLimiter,
      feed: Feed,
      writes: AcknowledgedWrites,
      connectionRegistry: ConnectionRegistry,
    ): SessionDependencies => ({
      limits,
      socket,
      unsentBytes,
      authenticator,
      accessPolicy,
      credentialExtractor,
      connectionLimiter,
      feed,
      writes,
      connectionRegistry,
      costs: new CostLimiter(socket, new LimitedLog(new Logger('WebSocket'))),
      onError: errorLog('WebSocket'),
    }),
  },
  {
    provide: Authenticator,
    inject: [ResolvedOptions, { token: Revocations, optional: true }],
    useFactory: ({ jwt }: ResolvedOptions, revocations?: Revocations): Authenticator => {
      const log = new LimitedLog(new Logger('Keys'));
      const onUnusableKey = (why: string): void => log.warn('key', `${UNUSABLE_KEY}: ${why}`);
      const authenticator = jwt ? new JwtAuthenticator(jwt, onUnusableKey) : new NoAuthenticator();
      return revocations ? new SessionAuthenticator(authenticator, revocations) : authenticator;
    },
  },
  {
    provide: OriginPolicy,
    inject: [ResolvedOptions],
    useFactory: ({ origins }: ResolvedOptions) => new OriginPolicy(origins),
  },
  {
    provide: Perimeter,
    inject: [OriginPolicy],
    useFactory: (originPolicy: OriginPolicy) => {
      const log = new LimitedLog(new Logger('Perimeter'));
      return new Perimeter(originPolicy, (cause, line) => log.warn(cause, line));
    },
  },
  {
    provide: HandshakePolicy,
    inject: [Perimeter, ConnectionLimiter, ResolvedOptions],
    useFactory: (perimeter: Perimeter, connectionLimiter: ConnectionLimiter, { proxies }: ResolvedOptions) =>
      new HandshakePolicy(perimeter, connectionLimiter, proxies, new LimitedLog(new Logger('WebSocket'))),
  },
  {
    provide: ConnectionLimiter,
    inject: [Authenticator, ResolvedOptions],
    useFactory: (authenticator: Authenticator, { connections }: ResolvedOptions) =>
      new ConnectionLimiter(authenticator, connections),
  },
  RequestAuthenticator,
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
  /**
   * The module with these options; what is left out has its default.
   * @throws Error for options that contradict each other.
   * @example
   * ```ts
   * @Module({ imports: [AtomeModule.forRoot({ databaseUrl: 'postgres://…' })] })
   * export class AppModule {}
   * ```
   */
  static forRoot(options: AtomeOptions & AtomeStaticOptions = {}): DynamicModule {
    return compose(options, { provide: ResolvedOptions, useValue: new ResolvedOptions(options) });
  }

  /**
   * The module with options that other providers know, such as a configuration service.
   * @example
   * ```ts
   * AtomeModule.forRootAsync({ inject: [Settings], useFactory: (settings: Settings) => ({ databaseUrl: settings.database }) })
   * ```
   */
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
  { wsPath, accounts }: AtomeStaticOptions,
  options: Provider,
  imports: NonNullable<DynamicModule['imports']> = [],
): DynamicModule {
  const auth = authProviders(accounts && { ...DEFAULT_ACCOUNT_OPTIONS, ...accounts });
  return {
    module: AtomeModule,
    imports: [...imports, DiscoveryModule],
    controllers: [
      AtomeController,
      SyncController,
      ServerInfoController,
      AuditController,
      UserDataController,
      ...auth.controllers,
    ],
    providers: [options, ...PARTS, ...auth.providers, gatewayAt(wsPath ?? new ResolvedOptions({}).wsPath)],
    exports: [
      AccessGuard,
      Authenticator,
      AccessPolicy,
      RequestAuthenticator,
      AtomeService,
      AtomeEvents,
      Feed,
      LedgerReader,
      LEDGER_STORE,
      UserData,
      AuditReader,
      SecurityLog,
      LongResponses,
      ...auth.exports,
      Drain,
      OriginPolicy,
      Perimeter,
      ResolvedOptions,
    ],
  };
}
