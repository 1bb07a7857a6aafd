import { Logger, type FactoryProvider, type Provider, type Type } from '@nestjs/common';
import { Authenticator } from '../auth/authentication/authenticator.js';
import { CredentialExtractor } from '../auth/authentication/credential-extractor.js';
import { Tickets } from '../auth/authentication/tickets.js';
import { errorLog } from '../http/error-log.js';
import { ResolvedOptions, type AccountOptions } from '../config/module-options.js';
import { LEDGER_STORE } from '../ledger/store.js';
import { SharedClock } from '../database/shared-clock.js';
import type { Tables } from '../database/tables.js';
import { NodeBus } from '../bus/node-bus.js';
import { AccessTokens } from './access-tokens.js';
import { AccountController } from './account.controller.js';
import { AccountStore } from './account.store.js';
import { Accounts } from './accounts.js';
import { AttemptsElsewhere } from './attempts-elsewhere.js';
import { PeriodicTaskRunner } from './periodic-task.runner.js';
import { LoginThrottle } from './login-throttle.js';
import { Passwords } from './passwords.js';
import { PeriodicTask } from './periodic-task.js';
import { Revocations } from './revocations.js';
import { SessionStore } from './session.store.js';
import { AccountSessions } from './sessions.js';
import { TicketController } from './ticket.controller.js';
import { SqlTicketStore } from './ticket.store.js';

const SWEEP_MS = 60_000;

const logger = new Logger('Auth');
const onError = errorLog('Auth');
const periodic = (work: () => Promise<void>): PeriodicTaskRunner =>
  new PeriodicTaskRunner(new PeriodicTask(SWEEP_MS, work, onError));

const TICKETS: readonly Provider[] = [
  {
    provide: SqlTicketStore,
    inject: [LEDGER_STORE],
    useFactory: (tables: Tables) => new SqlTicketStore(tables),
  },
  {
    provide: Tickets,
    inject: [SqlTicketStore, Authenticator, SharedClock],
    useFactory: (store: SqlTicketStore, authenticator: Authenticator, { now }: SharedClock) =>
      new Tickets(store, authenticator, now),
  },
  {
    provide: 'atome-sync:ticket-housekeeping',
    inject: [SqlTicketStore, SharedClock],
    useFactory: (store: SqlTicketStore, { now }: SharedClock) => periodic(() => store.sweep(now())),
  },
  {
    provide: CredentialExtractor,
    inject: [Authenticator, Tickets, ResolvedOptions],
    useFactory: (authenticator: Authenticator, tickets: Tickets, { authenticate }: ResolvedOptions) =>
      new CredentialExtractor(authenticator, tickets, authenticate),
  },
];

/** Accounts sign tokens, with the secret that verifies them. */
function secretOf({ jwt }: ResolvedOptions): string {
  if (jwt && 'secret' in jwt.keys) return jwt.keys.secret;
  throw new Error('accounts sign tokens of their own: give AtomeModule jwt.keys.secret too');
}

function accountProviders(options: AccountOptions): readonly FactoryProvider[] {
  return [
    {
      provide: AccountStore,
      inject: [LEDGER_STORE, SharedClock],
      useFactory: (tables: Tables, { now }: SharedClock) => new AccountStore(tables, now),
    },
    {
      provide: SessionStore,
      inject: [LEDGER_STORE, SharedClock],
      useFactory: (tables: Tables, { now }: SharedClock) => new SessionStore(tables, now),
    },
    {
      provide: Revocations,
      inject: [SessionStore],
      useFactory: (store: SessionStore) =>
        new Revocations((time) => store.revokedSince(time), options.accessTokenSeconds * 1_000, onError, store.now),
    },
    {
      provide: AccountSessions,
      inject: [SessionStore, Revocations, ResolvedOptions],
      useFactory: (store: SessionStore, revocations: Revocations, resolved: ResolvedOptions) =>
        new AccountSessions(store, revocations, secretOf(resolved), (what) => logger.warn(what)),
    },
    {
      provide: AccessTokens,
      inject: [ResolvedOptions, SharedClock],
      useFactory: (resolved: ResolvedOptions, { now }: SharedClock) =>
        new AccessTokens(resolved.jwt!, secretOf(resolved), options, now),
    },
    {
      provide: Accounts,
      inject: [AccountStore, AccountSessions, NodeBus],
      useFactory: (store: AccountStore, sessions: AccountSessions, { state }: NodeBus) => {
        const throttle = new LoginThrottle();
        new AttemptsElsewhere(state, throttle);
        return new Accounts(store, sessions, new Passwords(), throttle);
      },
    },
    {
      provide: 'atome-sync:account-housekeeping',
      inject: [SessionStore, Revocations],
      useFactory: (store: SessionStore, revocations: Revocations) =>
        periodic(() => store.sweep(store.now(), store.now() - revocations.keptMs)),
    },
  ];
}

/** The providers behind `/api/auth`: tickets always, accounts where they are configured. */
export function authProviders(accounts: AccountOptions | undefined): {
  readonly controllers: readonly Type[];
  readonly providers: readonly Provider[];
  readonly exports: readonly Type[];
} {
  return {
    controllers: [TicketController, ...(accounts ? [AccountController] : [])],
    providers: [...TICKETS, ...(accounts ? accountProviders(accounts) : [])],
    exports: accounts ? [Accounts] : [],
  };
}
