/**
 * All that an application which imports the module needs, and nothing else:
 *
 * 1. the module, and what the application's own code calls;
 * 2. events: handlers of commits, durable consumers, webhooks;
 * 3. what `AtomeModule.forRoot` takes;
 * 4. extras, each to be left out by leaving out a line;
 * 5. what all of it speaks of: atomes and their changes, who acts, what is refused and why.
 *
 * @example
 * ```ts
 * @Module({ imports: [AtomeModule.forRoot({ databaseUrl: 'postgres://…', jwt })] })
 * export class AppModule {}
 *
 * const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter({ routerOptions: { maxParamLength: 128 } }));
 * app.useWebSocketAdapter(new AtomeWsAdapter(app));
 * ```
 * @packageDocumentation
 */

// 1. The module, and what the application's own code calls: `AtomeService` writes and reads, `AtomeHealthIndicator` says how it is.
export { AtomeModule, type AtomeAsyncOptions } from './atome/atome.module.js';
export { AtomeService, type ReadBy, type RenameResult, type WriteResult } from './atome/atome.service.js';
export type { AlterInput, CreateInput, ReplaceInput, WriteContext } from './atome/write-calls.js';
export type {
  AtomeTransaction,
  RecordedWrite,
  TransactionContext,
  TransactionResult,
  TransactionWriteContext,
} from './atome/atome-transaction.js';
export type { HistoryPage } from './ledger/read/history-page.js';
export type { ListPage } from './ledger/read/ledger-reader.js';
export type { AsOf } from './ledger/read/past.js';
export type { ListQuery } from './ledger/store.js';
export { SYSTEM, systemOf } from './auth/authentication/anonymous.js';
export { AtomeHealthIndicator, type AtomeHealth } from './ops/health-indicator.js';
export { AtomeWsAdapter } from './realtime/ws-adapter.js';

// 2. Events: `OnAtome` hears of commits, `Consumers` tells how durable handlers stand, `Webhooks` keeps those of tenants.
export { AtomeEvents } from './atome/atome-events.js';
export { OnAtome, type AtomeEventName, type TenantEvent } from './atome/on-atome.js';
export type { ConsumerOptions, Delivery, DeliveryTransaction } from './consumers/consumer-options.js';
export { Consumers } from './consumers/consumers.js';
export type { ConsumerStatus, DeadLetter, LetterChoice, LetterQuery } from './consumers/consumer-status.js';
export { Webhooks } from './webhooks/webhooks.js';
export type {
  DeliveryQuery,
  Webhook,
  WebhookChange,
  WebhookDelivery,
  WebhookEvent,
  WebhookInput,
  WebhookName,
  WebhookTest,
  WebhookWithSecret,
} from './webhooks/webhook.js';

// 3. What `AtomeModule.forRoot` takes: `AtomeOptions`, and the parts of it.
export type {
  AccountOptions,
  AtomeOptions,
  AtomeStaticOptions,
  SocketOptions,
  WebhookOptions,
} from './config/module-options.js';
export type {
  AddedWrite,
  BeforeWrite,
  HookResult,
  HookedWrite,
  JsonSchema,
  KindOptions,
  Kinds,
  SchemaUpgrade,
  StandardSchema,
  WriteHookContext,
} from './kinds/kind-options.js';
export type { FeedOptions } from './feed/options.js';
export type { Quotas } from './ledger/write/quotas.js';
export type { JwtOptions, KeySource } from './auth/authentication/jwt.authenticator.js';
export type { AuthenticatedPrincipal, AuthenticateHook } from './auth/authentication/authenticate-hook.js';
export { AccessPolicy, type AuthorizeHook } from './auth/authorization/access-policy.js';
export type { KindPolicy, Policies } from './auth/authorization/kind-policies.js';
export type { Role } from './auth/authorization/roles.js';

// 4. Extras: parsers for `PATCH` in the application's own routes; the original client's dialect.
export { addBodyParsers } from './http/body-parsers.js';
export { describeAtomes, type ApiDocument } from './http/describe-atomes.js';
export { CompatModule } from './compat/compat.module.js';
export { addressInOwnWords } from './compat/addresses.js';

// 5. What all of it speaks of. The messages and codes are those of `docs/protocol`.
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
