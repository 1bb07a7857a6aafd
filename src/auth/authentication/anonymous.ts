import type { Principal } from '../../protocol/index.js';

/** Everybody, while authentication is off. */
export const ANONYMOUS: Principal = { id: 'anonymous', tenant: 'default', roles: ['admin'] };

/** The application itself, an admin of the tenant `default`: for what it does in nobody's name. */
export const SYSTEM: Principal = { id: 'system', tenant: 'default', roles: ['admin'] };
