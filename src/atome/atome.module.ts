import { Module, type DynamicModule, type FactoryProvider, type Provider } from '@nestjs/common';
import { DiscoveryModule, RouterModule } from '@nestjs/core';
import { AuthModule } from '../accounts/auth.module.js';
import { ApplicationModule } from '../application/application.module.js';
import { LedgerModule } from '../application/ledger.module.js';
import { ComplianceModule } from '../compliance/compliance.module.js';
import { ConfigModule } from '../config/config.module.js';
import { ConsumersModule } from '../consumers/consumers.module.js';
import { DEFAULT_ACCOUNT_OPTIONS, ResolvedOptions } from '../config/module-options.js';
import type { AtomeOptions, AtomeStaticOptions } from '../config/module-options.js';
import { checkedOptions } from '../config/option-checks.js';
import { EdgeModule } from '../edge/edge.module.js';
import { Drain } from '../http/drain.js';
import { errorLog } from '../http/error-log.js';
import { HttpModule } from '../http/http.module.js';
import { LEDGER_STORE, type LedgerStore } from '../ledger/store.js';
import { AtomeHealthIndicator } from '../ops/health-indicator.js';
import { Readiness } from '../ops/readiness.js';
import { WS_PATH } from '../protocol/index.js';
import { RealtimeModule } from '../realtime/realtime.module.js';
import { SyncModule } from '../sync/sync.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { BatchController } from './batch.controller.js';
import { AtomeReadsController } from './atome-reads.controller.js';
import { AtomeController } from './atome.controller.js';
import { AtomeEvents } from './atome-events.js';
import { EventHandlers } from './event-handlers.js';
import { gatewayAt } from './atome.gateway.js';
import { AtomeService } from './atome.service.js';
import { AtomeLifecycle } from './lifecycle.js';
import { OnlyOne } from './only-one.js';
import { SchemaController } from './schema.controller.js';
import { LedgerInfo } from './ledger-info.js';
import { ServerInfoController } from './server-info.controller.js';

type Imports = NonNullable<DynamicModule['imports']>;

/** Options that come from a factory; those of {@link AtomeStaticOptions} are given beside it. */
export interface AtomeAsyncOptions extends AtomeStaticOptions {
  /** Modules whose providers the factory needs. */
  readonly imports?: Imports;
  /** What the factory is called with, in this order. */
  readonly inject?: FactoryProvider['inject'];
  /** Makes the options, perhaps out of other providers; may be asynchronous. */
  readonly useFactory: (...args: never[]) => AtomeOptions | Promise<AtomeOptions>;
}

/**
 * Shared objects for a Nest application on Fastify: REST under `atome` and `sync`, the WebSocket, and
 * {@link AtomeService} for its own code. The application brings `app.useWebSocketAdapter(new AtomeWsAdapter(app))`.
 */
@Module({})
export class AtomeModule {
  /**
   * The module with these options; what is left out has its default.
   * @throws ConfigError for options that do not fit, by name; Error for those that contradict each other.
   * @example
   * ```ts
   * @Module({ imports: [AtomeModule.forRoot({ databaseUrl: 'postgres://…' })] })
   * export class AppModule {}
   * ```
   */
  static forRoot(options: AtomeOptions & AtomeStaticOptions = {}): DynamicModule {
    const useValue = new ResolvedOptions(checkedOptions(options));
    return compose(options, { provide: ResolvedOptions, useValue });
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
      useFactory: async (...args: never[]) =>
        new ResolvedOptions(checkedOptions({ ...(await useFactory(...args)), ...fixed })),
    };
    return compose(fixed, provider, imports);
  }
}

const HEALTH: FactoryProvider<AtomeHealthIndicator> = {
  provide: AtomeHealthIndicator,
  inject: [LEDGER_STORE, Drain],
  useFactory: (store: LedgerStore, drain: Drain) => {
    const readiness = new Readiness(store, errorLog('Health'));
    return new AtomeHealthIndicator(async () => (drain.signal.aborted ? 'going down' : readiness.ask()));
  },
};

/** The rooms, each with those that it needs. */
function compose(fixed: AtomeStaticOptions, options: Provider, imports: Imports = []): DynamicModule {
  const { path, wsPath = WS_PATH, ws = true, rest = true, isGlobal = false, accounts } = fixed;
  const { audit = true, userData = true, schema = true, webhooks = true } = fixed;
  const config = ConfigModule.with(options, imports);
  const ledger = LedgerModule.from(config);
  const auth = AuthModule.from(
    { accounts: accounts && { ...DEFAULT_ACCOUNT_OPTIONS, ...accounts }, rest },
    config,
    ledger,
  );
  const http = HttpModule.from(config, auth);
  const application = ApplicationModule.from(config, ledger);
  const below = [config, ledger, auth, http, application];
  const realtime = RealtimeModule.from({ ws, rest }, ...below);
  const compliance = ComplianceModule.from({ audit: rest && audit, userData: rest && userData }, ...below);
  const consumers = ConsumersModule.from(rest, ...below);
  const edge = EdgeModule.from(rest, ...below);
  const posted = webhooks && WebhooksModule.from(rest, webhooks === true ? {} : webhooks, consumers, ...below);
  const rooms = [...below, realtime, compliance, consumers, edge, ...(posted ? [posted] : [])];
  const imported = [...rooms, ...(rest ? [SyncModule.from(...below)] : [])];
  // an application that places the module by itself places the routes of its rooms no further
  const placed =
    path === undefined ? [] : [{ module: AtomeModule }, ...imported].map(({ module }) => ({ path, module }));
  return {
    module: AtomeModule,
    global: isGlobal,
    imports: [...imported, ...(path === undefined ? [] : [RouterModule.register(placed)]), DiscoveryModule],
    controllers: rest
      ? [
          AtomeController,
          BatchController,
          AtomeReadsController,
          ServerInfoController,
          ...(schema ? [SchemaController] : []),
        ]
      : [],
    providers: [
      AtomeLifecycle,
      AtomeService,
      AtomeEvents,
      EventHandlers,
      OnlyOne,
      HEALTH,
      LedgerInfo,
      ...(ws ? [gatewayAt(wsPath)] : []),
    ],
    exports: [...rooms, AtomeService, AtomeEvents, AtomeHealthIndicator],
  };
}
