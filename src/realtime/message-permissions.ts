import type { Action } from '../auth/authorization/role-permissions.js';
import type { ClientMessage } from '../protocol/index.js';

/** What each message needs; `ping` and `auth` need nothing. */
export const MESSAGE_PERMISSIONS: Readonly<Record<Exclude<ClientMessage['type'], 'ping' | 'auth'>, Action>> = {
  subscribe: 'read',
  unsubscribe: 'read',
  presence: 'read',
  mutate: 'write',
  'atome:created': 'write',
  'atome:updated': 'write',
  'atome:altered': 'write',
  'atome:deleted': 'write',
};
