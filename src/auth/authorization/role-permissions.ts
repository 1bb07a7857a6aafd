import { AtomeError, type AtomeAction, type Principal } from '../../protocol/index.js';
import { ROLES, type Role } from './roles.js';

/** What somebody wants to do in a tenant; whether it may be done with one atome says the `Authority`. */
export type Action = AtomeAction;

const NEEDED: Record<Action, Role> = { read: 'reader', write: 'writer', share: 'writer', administer: 'admin' };

/** Whether a principal may do that in its tenant. */
export function mayDo({ roles }: Principal, action: Action): boolean {
  const needed = ROLES.indexOf(NEEDED[action]);
  return roles.some((role) => ROLES.findIndex((each) => each === role) >= needed);
}

/** @throws AtomeError `forbidden` unless {@link mayDo} says yes. */
export function authorize(principal: Principal, action: Action): void {
  if (mayDo(principal, action)) return;
  throw new AtomeError('forbidden', `you may not ${action} here: it needs the role ${NEEDED[action]}`);
}
