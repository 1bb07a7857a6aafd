import { Logger, Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { ConnectionLimiter } from '../auth/admission/connection-limiter.js';
import { MemoryBudget } from '../auth/admission/memory-budget.js';
import { Perimeter } from '../auth/admission/perimeter.js';
import { NodeBus } from '../bus/node-bus.js';
import { ResolvedOptions } from '../config/module-options.js';
import { LimitedLog } from '../http/limited-log.js';
import { ClientsController } from './clients.controller.js';
import { ConnectionRegistry } from './connection-registry.js';
import { ExplainController } from './explain.controller.js';
import { HandshakePolicy } from './handshake-policy.js';
import { SESSION_PROVIDER } from './session.provider.js';
import { SocketAdapter } from './socket-adapter.js';
import { UpgradeRequired } from './upgrade-required.js';

const PROVIDERS: readonly FactoryProvider[] = [
  {
    provide: ConnectionRegistry,
    inject: [ResolvedOptions, MemoryBudget, NodeBus],
    useFactory: ({ socket }: ResolvedOptions, memory: MemoryBudget, { state }: NodeBus) =>
      new ConnectionRegistry(socket.heartbeatMs, memory, new LimitedLog(new Logger('WebSocket')), state),
  },
  {
    provide: HandshakePolicy,
    inject: [Perimeter, ConnectionLimiter, ResolvedOptions],
    useFactory: (perimeter: Perimeter, limiter: ConnectionLimiter, { proxies }: ResolvedOptions) =>
      new HandshakePolicy(perimeter, limiter, proxies, new LimitedLog(new Logger('WebSocket'))),
  },
  SESSION_PROVIDER,
];

interface Entrances {
  /** Whether there is a WebSocket, which plain requests are told to upgrade to. */
  readonly ws: boolean;
  /** Whether there are calls about it. */
  readonly rest: boolean;
}

/** The connections of WebSockets. */
@Module({
  providers: [...PROVIDERS],
  exports: PROVIDERS.map(({ provide }) => provide),
})
export class RealtimeModule {
  static from({ ws, rest }: Entrances, ...imports: DynamicModule[]): DynamicModule {
    return {
      module: RealtimeModule,
      imports,
      controllers: ws && rest ? [ClientsController, ExplainController] : [],
      providers: ws ? [SocketAdapter, UpgradeRequired] : [],
    };
  }
}
