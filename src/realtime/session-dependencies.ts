import type { AccessPolicy } from '../auth/authorization/access-policy.js';
import type { Authenticator } from '../auth/authentication/authenticator.js';
import type { ConnectionLimiter } from '../auth/admission/connection-limiter.js';
import type { CredentialExtractor, RequestCredentials } from '../auth/authentication/credential-extractor.js';
import type { SocketOptions } from '../config/module-options.js';
import type { Feed } from '../feed/feed.js';
import type { Limits } from '../protocol/index.js';
import type { ByteBudget } from '../http/byte-budget.js';
import type { CostLimiter } from './cost-limiter.js';
import type { MessageTargets } from './message-handler.js';
import type { SocketAccessLog } from './socket-access-log.js';

/** Name under which {@link SessionDependencies} are provided. */
export const SESSION_DEPENDENCIES = Symbol('SessionDependencies');

/** What the sessions of all connections share. */
export interface SessionDependencies extends MessageTargets {
  readonly authenticator: Authenticator;
  readonly accessPolicy: AccessPolicy;
  readonly credentialExtractor: CredentialExtractor;
  readonly connectionLimiter: ConnectionLimiter;
  readonly feed: Feed;
  readonly limits: Limits;
  /** The time that all servers go by, in milliseconds since 1970. */
  readonly now: () => number;
  readonly socket: SocketOptions;
  /** Unsent bytes above which a presence, which may be lost, is not sent. */
  readonly unsentBytes: number;
  readonly costs: CostLimiter;
  /** What has come of messages that are not whole. */
  readonly halfMessages: ByteBudget;
  readonly accessLog: SocketAccessLog;
  readonly onError: (error: unknown) => void;
}

/** What is known of a connection from how it was opened. */
export interface Handshake extends RequestCredentials {
  readonly address: string;
}
