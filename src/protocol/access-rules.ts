import type { AtomeHeader } from './atome.js';
import type { Principal } from './principal.js';
import { AtomeError } from './errors.js';
import type { AskedAccess, AtomeAction, Audience } from './access.js';

/** Decides about atomes; the ledger and the feed are given one and know no more of it. May not throw. */
export interface AccessRules {
  isAllowed(principal: Principal, action: AtomeAction, atome: AtomeHeader): boolean;
  /** Whether everybody who may read anything in the tenant may read it. */
  isOpen(atome: AtomeHeader): boolean;
  /** Whether somebody could see it at some time. */
  couldEverRead(principal: Principal, audience: Audience): boolean;
  /** What a new atome of a kind has when its creator says nothing; undefined: the tenant's. */
  defaultAccess(kind: string): AskedAccess | undefined;
}

/** For a ledger without authorization: everybody may do everything. */
export const OPEN_RULES: AccessRules = {
  isAllowed: () => true,
  isOpen: () => true,
  couldEverRead: () => true,
  defaultAccess: () => undefined,
};

/**
 * Refuses what somebody may not do with an atome.
 * @throws AtomeError `forbidden`; for one that may not even be read `not_found`, as for an id that there is not.
 */
export function assertAllowed(rules: AccessRules, principal: Principal, action: AtomeAction, atome: AtomeHeader): void {
  if (!rules.isAllowed(principal, 'read', atome)) throw new AtomeError('not_found', `there is no atome "${atome.id}"`);
  if (rules.isAllowed(principal, action, atome)) return;
  throw new AtomeError(
    'forbidden',
    action === 'share'
      ? `only the owner of the atome "${atome.id}" and admins may change who sees it`
      : `you may see the atome "${atome.id}", but not ${action} it; ask its owner to share it with you`,
  );
}
