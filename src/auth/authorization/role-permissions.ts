import { AtomeError, type AtomeAction, type Principal } from '../../protocol/index.js';
import { ROLES, type Role } from './roles.js';

/** What somebody wants to do in a tenant; whether it may be done with one atome says the `AccessPolicy`. */
export type Action = AtomeAction;

/** The least role for each. */
export const REQUIRED_ROLES: Record<Action, Role> = {
  read: 'reader',
  write: 'writer',
  share: 'writer',
  administer: 'admin',
};

/** Whether a principal may do that in its tenant. */
export function roleAllows({ roles }: Principal, action: Action): boolean {
  const required = ROLES.indexOf(REQUIRED_ROLES[action]);
  return roles.some((role) => ROLES.findIndex((known) => known === role) >= required);
}

/** @throws AtomeError `forbidden` unless {@link roleAllows} says yes. */
export function assertRole(principal: Principal, action: Action): void {
  if (roleAllows(principal, action)) return;
  throw new AtomeError('forbidden', `you may not ${action} here: it needs the role ${REQUIRED_ROLES[action]}`);
}
