/* What an application that imports the module needs. */
export { AccessPolicy, type AuthorizeHook } from './auth/authorization/access-policy.js';
export type { JwtOptions, KeySource } from './auth/authentication/jwt.authenticator.js';
export type { KindPolicy, Policies } from './auth/authorization/kind-policies.js';
export { AtomeEvents, OnAtome, type AtomeEventName, type TenantEvent } from './atome/atome-events.js';
export { AtomeModule, type AtomeAsyncOptions } from './atome/atome.module.js';
export {
  AtomeService,
  type AlterInput,
  type CreateInput,
  type ReplaceInput,
  type WriteContext,
  type WriteResult,
} from './atome/atome.service.js';
export { AtomeWsAdapter } from './realtime/ws-adapter.js';
export { addressInOwnWords } from './compat/addresses.js';
export { CompatModule } from './compat/compat.module.js';
export { addBodyParsers } from './http/body-parsers.js';
export type { AccountOptions, AtomeOptions, AtomeStaticOptions, SocketOptions } from './config/module-options.js';
export type { FeedOptions } from './feed/options.js';
export * from './protocol/index.js';
