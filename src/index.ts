/* The public face of this package: all that an application which imports the module needs, and nothing else. */

// The module, and what the application's own code calls.
export { AtomeModule, type AtomeAsyncOptions } from './atome/atome.module.js';
export {
  AtomeService,
  type AlterInput,
  type CreateInput,
  type ReadBy,
  type RenameResult,
  type ReplaceInput,
  type WriteContext,
  type WriteResult,
} from './atome/atome.service.js';
export type { AsOf, HistoryPage, ListPage } from './ledger/read/ledger-reader.js';
export type { ListQuery } from './ledger/store.js';
/** Changes, after their commit. */
export { AtomeEvents, OnAtome, type AtomeEventName, type TenantEvent } from './atome/atome-events.js';
/** For `app.useWebSocketAdapter`. */
export { AtomeWsAdapter } from './realtime/ws-adapter.js';

// What `AtomeModule.forRoot` takes.
export type { AccountOptions, AtomeOptions, AtomeStaticOptions, SocketOptions } from './config/module-options.js';
export type { FeedOptions } from './feed/options.js';
export type { Quotas } from './ledger/write/quotas.js';
export type { JwtOptions, KeySource } from './auth/authentication/jwt.authenticator.js';
export { AccessPolicy, type AuthorizeHook } from './auth/authorization/access-policy.js';
export type { KindPolicy, Policies } from './auth/authorization/kind-policies.js';
export type { Role } from './auth/authorization/roles.js';

// Extras, each to be left out by leaving out a line.
export { addBodyParsers } from './http/body-parsers.js';
/** The original client's dialect. */
export { CompatModule } from './compat/compat.module.js';
export { addressInOwnWords } from './compat/addresses.js';

// What all of it speaks of: atomes and their changes, who acts, what is refused and why.
export {
  AtomeError,
  CloseCode,
  DEFAULT_LIMITS,
  ERRORS,
  PROTOCOL_VERSION,
  WS_PATH,
  type Access,
  type AccessLists,
  type Alteration,
  type AskedAccess,
  type Atome,
  type AtomeAction,
  type AtomeEvent,
  type AtomeHeader,
  type ClientMessage,
  type Content,
  type Cursor,
  type ErrorBody,
  type ErrorCode,
  type Filter,
  type JsonObject,
  type JsonPatch,
  type JsonValue,
  type Limits,
  type Operation,
  type Principal,
  type RedactedAlteration,
  type ServerMessage,
} from './protocol/index.js';
