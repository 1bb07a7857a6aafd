import type { Principal } from '../../protocol/index.js';

/** Everybody, while authentication is off. */
export const ANONYMOUS: Principal = { id: 'anonymous', tenant: 'default', roles: ['admin'] };

/** The application itself, an admin of the tenant `default`: for what it does in nobody's name. */
export const SYSTEM: Principal = { id: 'system', tenant: 'default', roles: ['admin'] };

/** A token may name anybody: these are known by being the same object. */
const SYSTEMS = new WeakSet<Principal>([SYSTEM]);

/** The application itself as {@link SYSTEM}, in another tenant. */
export function systemOf(tenant: string): Principal {
  const system = { ...SYSTEM, tenant };
  SYSTEMS.add(system);
  return system;
}

/** Whether it is the application itself that acts. */
export function isSystem(principal: Principal): boolean {
  return SYSTEMS.has(principal);
}
