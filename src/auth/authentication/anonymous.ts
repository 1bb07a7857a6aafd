import type { Principal } from '../../protocol/index.js';

/** Everybody, while authentication is off; and the code of an application that imports the module. */
export const ANONYMOUS: Principal = { id: 'anonymous', tenant: 'default', roles: ['admin'] };
