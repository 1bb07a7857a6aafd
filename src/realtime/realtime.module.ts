import { Logger, Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { ConnectionLimiter } from '../auth/admission/connection-limiter.js';
import { MemoryBudget } from '../auth/admission/memory-budget.js';
import { Perimeter } from '../auth/admission/perimeter.js';
import { NodeBus } from '../bus/node-bus.js';
import { ResolvedOptions } from '../config/module-options.js';
import { LimitedLog } from '../http/limited-log.js';
import { ConnectionRegistry } from './connection-registry.js';
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

/** The connections of WebSockets. */
@Module({
  providers: [...PROVIDERS],
  exports: PROVIDERS.map(({ provide }) => provide),
})
export class RealtimeModule {
  /** @param ws whether there is a WebSocket, which plain requests are told to upgrade to. */
  static from(ws: boolean, ...imports: DynamicModule[]): DynamicModule {
    return { module: RealtimeModule, imports, providers: ws ? [SocketAdapter, UpgradeRequired] : [] };
  }
}
