import type { Principal } from '../protocol/index.js';

/** Everybody, while authentication is off. */
export const ANONYMOUS: Principal = { id: 'anonymous', tenant: 'default', roles: [] };
