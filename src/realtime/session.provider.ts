import { Logger, type FactoryProvider } from '@nestjs/common';
import { AcknowledgedWrites } from '../application/acknowledged-writes.js';
import { ConnectionLimiter } from '../auth/admission/connection-limiter.js';
import { Authenticator } from '../auth/authentication/authenticator.js';
import { CredentialExtractor } from '../auth/authentication/credential-extractor.js';
import { AccessPolicy } from '../auth/authorization/access-policy.js';
import { ResolvedOptions } from '../config/module-options.js';
import { SharedClock } from '../database/shared-clock.js';
import { Feed } from '../feed/feed.js';
import { errorLog } from '../http/error-log.js';
import { LimitedLog } from '../http/limited-log.js';
import { ConnectionRegistry } from './connection-registry.js';
import { MemoryBudget } from '../auth/admission/memory-budget.js';
import { byteBudgetWithin } from '../http/byte-budget.js';
import { CostLimiter } from './cost-limiter.js';
import { SESSION_DEPENDENCIES, type SessionDependencies } from './session-dependencies.js';
import { SocketAccessLog } from './socket-access-log.js';

const PARTS = [
  Authenticator,
  AccessPolicy,
  CredentialExtractor,
  ConnectionLimiter,
  Feed,
  AcknowledgedWrites,
  ConnectionRegistry,
  ResolvedOptions,
  MemoryBudget,
  SharedClock,
] as const;
type Instances<Classes extends readonly { prototype: object }[]> = {
  readonly [Index in keyof Classes]: Classes[Index]['prototype'];
};

function dependenciesOf(...parts: Instances<typeof PARTS>): SessionDependencies {
  const [authenticator, accessPolicy, credentialExtractor, connectionLimiter, feed, writes, connectionRegistry] = parts;
  const { limits, socket, feed: options, accessLog } = parts[7];
  return {
    authenticator,
    accessPolicy,
    credentialExtractor,
    connectionLimiter,
    feed,
    writes,
    connectionRegistry,
    limits,
    now: parts[9].now,
    socket,
    unsentBytes: options.unsentBytes,
    costs: new CostLimiter(socket, new LimitedLog(new Logger('WebSocket'))),
    halfMessages: byteBudgetWithin(parts[8], 'messages that arrive'),
    accessLog: new SocketAccessLog(accessLog),
    onError: errorLog('WebSocket'),
  };
}

/** What each session is made with, put together once. */
export const SESSION_PROVIDER: FactoryProvider<SessionDependencies> = {
  provide: SESSION_DEPENDENCIES,
  inject: [...PARTS],
  useFactory: dependenciesOf,
};
