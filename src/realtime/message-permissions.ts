import type { Action } from '../auth/authorization/role-permissions.js';
import type { ClientMessage } from '../protocol/index.js';

/** The permission that each message needs; `ping` and `auth` need none. */
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
