import { Logger, Module, type DynamicModule, type Provider } from '@nestjs/common';
import { ConnectionLimiter } from '../auth/admission/connection-limiter.js';
import { OriginPolicy } from '../auth/admission/origins.js';
import { Perimeter } from '../auth/admission/perimeter.js';
import { Authenticator, HostAuthenticator, NoAuthenticator } from '../auth/authentication/authenticator.js';
import { CredentialExtractor } from '../auth/authentication/credential-extractor.js';
import { JwtAuthenticator } from '../auth/authentication/jwt.authenticator.js';
import { RequestAuthenticator } from '../auth/authentication/request-authenticator.js';
import { AccessGuard } from '../auth/authorization/access.guard.js';
import { SharedClock } from '../database/shared-clock.js';
import { ResolvedOptions, type AccountOptions } from '../config/module-options.js';
import { LimitedLog } from '../http/limited-log.js';
import { authProviders } from './auth.providers.js';
import { Revocations } from './revocations.js';
import { SessionAuthenticator } from './session.authenticator.js';

const UNUSABLE_KEY =
  'a token is refused, because its key in the key set cannot be used (jwt.keys; AUTH_JWKS_URL, AUTH_JWKS_FILE)';

function authenticatorOf(
  { jwt, authenticate }: ResolvedOptions,
  { now }: SharedClock,
  revocations?: Revocations,
): Authenticator {
  const log = new LimitedLog(new Logger('Keys'));
  const onUnusableKey = (why: string): void => log.warn('key', `${UNUSABLE_KEY}: ${why}`);
  const withoutTokens = authenticate ? new HostAuthenticator() : new NoAuthenticator();
  const authenticator = jwt ? new JwtAuthenticator(jwt, onUnusableKey, now) : withoutTokens;
  return revocations ? new SessionAuthenticator(authenticator, revocations) : authenticator;
}

function perimeterOf(originPolicy: OriginPolicy): Perimeter {
  const log = new LimitedLog(new Logger('Perimeter'));
  return new Perimeter(originPolicy, (cause, line) => log.warn(cause, line));
}

function limiterOf(
  authenticator: Authenticator,
  { connections }: ResolvedOptions,
  { now }: SharedClock,
): ConnectionLimiter {
  return new ConnectionLimiter(authenticator, connections, now);
}

const PROVIDERS: readonly Provider[] = [
  {
    provide: Authenticator,
    inject: [ResolvedOptions, SharedClock, { token: Revocations, optional: true }],
    useFactory: authenticatorOf,
  },
  { provide: OriginPolicy, inject: [ResolvedOptions], useFactory: (o: ResolvedOptions) => new OriginPolicy(o.origins) },
  { provide: Perimeter, inject: [OriginPolicy], useFactory: perimeterOf },
  { provide: ConnectionLimiter, inject: [Authenticator, ResolvedOptions, SharedClock], useFactory: limiterOf },
  RequestAuthenticator,
  AccessGuard,
];
const EXPORTS = [Authenticator, OriginPolicy, Perimeter, ConnectionLimiter, RequestAuthenticator, AccessGuard];

interface AuthRoutes {
  readonly accounts: AccountOptions | undefined;
  readonly rest: boolean;
}

/** Who calls, and who is let in; with accounts of its own where they are configured. */
@Module({})
export class AuthModule {
  static from({ accounts, rest }: AuthRoutes, ...imports: DynamicModule[]): DynamicModule {
    const { controllers, providers, exports } = authProviders(accounts);
    return {
      module: AuthModule,
      imports,
      controllers: rest ? [...controllers] : [],
      providers: [...PROVIDERS, ...providers],
      exports: [...EXPORTS, CredentialExtractor, ...exports],
    };
  }
}
