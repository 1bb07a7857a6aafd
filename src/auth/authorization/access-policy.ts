import { createHash } from 'node:crypto';
import {
  AtomeError,
  effectiveAccess,
  isNamed,
  namesOf,
  assertAllowed,
  type Access,
  type AccessRules,
  type AskedAccess,
  type AtomeAction,
  type Audience,
  type AtomeHeader,
  type JudgedHeader,
  type Principal,
} from '../../protocol/index.js';
import { assertRole, roleAllows } from './role-permissions.js';
import { checkPolicies, type KindPolicy, type Policies } from './kind-policies.js';

/**
 * An application's own word on who may do what with an atome: true or false decides, undefined leaves it to the
 * atome's rights. Synchronous and pure, and asked often; it cannot give what the role does not allow. What it throws
 * is a no.
 */
export type AuthorizeHook = (principal: Principal, action: AtomeAction, atome: AtomeHeader) => boolean | undefined;

export interface AccessPolicyOptions {
  readonly policies?: Policies | undefined;
  readonly authorize?: AuthorizeHook | undefined;
}

/** What has decided about an action on an atome. */
export type DecidedBy = 'role' | 'application' | 'admin' | 'policy' | 'owner' | 'tenant' | 'named' | 'nobody';

/** Whether somebody may, and by what. */
export interface Decision {
  readonly isAllowed: boolean;
  readonly by: DecidedBy;
}

/* One object each: they are asked for with each entry and reader. */
const yes = (by: DecidedBy): Decision => ({ isAllowed: true, by });
const no = (by: DecidedBy): Decision => ({ isAllowed: false, by });
const [NO_ROLE, APPLICATION_NO, BY_POLICY, NOT_NAMED] = [no('role'), no('application'), no('policy'), no('nobody')];
const [APPLICATION_YES, ADMIN, OWNER, TENANT, NAMED] = [
  yes('application'),
  yes('admin'),
  yes('owner'),
  yes('tenant'),
  yes('named'),
];

/** What a principal may see, for a query. */
export interface VisibilityFilter {
  readonly names: readonly string[];
  readonly exceptKinds: readonly string[];
}

/** Everybody with the role may read. */
const OPEN_NAMES = ['*', 'role:reader'];

/**
 * The one place that says who may do what with an atome. In this order: the role in the tenant, the application's
 * hook, admins, the policy of the kind, the owner, the atome's own rights.
 */
export class AccessPolicy implements AccessRules {
  private readonly policies: ReadonlyMap<string, KindPolicy>;
  private readonly hook: AuthorizeHook | undefined;
  private readonly version: string;

  /** @throws Error for policies that are not usable. */
  constructor(
    { policies = {}, authorize: hook }: AccessPolicyOptions,
    private readonly onError: (error: unknown) => void,
  ) {
    this.policies = new Map(Object.entries(checkPolicies(policies)));
    this.hook = hook;
    this.version = digest([policies, hook ? String(hook) : null]);
  }

  /** Whether somebody may do that with the atome, also by what it inherits by now. */
  isAllowed(principal: Principal, action: AtomeAction, atome: JudgedHeader): boolean {
    return this.decide(principal, action, atome).isAllowed;
  }

  /** The same, with what has decided it. */
  decide(principal: Principal, action: AtomeAction, atome: JudgedHeader): Decision {
    const decision = this.judge(principal, action, atome);
    if (!decision.isAllowed || atome.inheritedNow === undefined) return decision;
    return this.judge(principal, action, asInherited(atome, atome.inheritedNow));
  }

  private judge(principal: Principal, action: AtomeAction, atome: AtomeHeader): Decision {
    if (!roleAllows(principal, action)) return NO_ROLE;
    const answer = this.askHook(principal, action, atome);
    if (answer !== undefined) return answer ? APPLICATION_YES : APPLICATION_NO;
    if (roleAllows(principal, 'administer')) return ADMIN;
    if (action === 'administer') return NO_ROLE;
    return this.allowsKind(principal, action, atome.kind) ? rightOf(principal, action, atome) : BY_POLICY;
  }

  /**
   * Lets pass who may do that with the atome.
   * @throws AtomeError `forbidden`, or `not_found` for an atome that may not even be read.
   */
  authorize(principal: Principal, action: AtomeAction, atome: AtomeHeader): void {
    assertRole(principal, action);
    assertAllowed(this, principal, action, atome);
  }

  isOpen(atome: JudgedHeader): boolean {
    if (this.hook) return false;
    const read = this.policies.get(atome.kind)?.read;
    if (read && !OPEN_NAMES.some((name) => read.includes(name))) return false;
    return isForAll(effectiveAccess(atome)) && (atome.inheritedNow === undefined || isForAll(atome.inheritedNow));
  }

  couldEverRead(principal: Principal, { names, kinds }: Audience): boolean {
    if (!roleAllows(principal, 'read')) return false;
    if (roleAllows(principal, 'administer')) return true;
    if (!names.includes('*') && !namesOf(principal).some((name) => names.includes(name))) return false;
    return kinds.includes('*') || kinds.some((kind) => this.allowsKind(principal, 'read', kind));
  }

  defaultAccess(kind: string): AskedAccess | undefined {
    return this.policies.get(kind)?.access;
  }

  /** What limits a query to what somebody may read; undefined when nothing does, `per-row` when each atome must be asked about. */
  visibilityFilterOf(principal: Principal): VisibilityFilter | 'per-row' | undefined {
    if (this.hook) return 'per-row';
    if (roleAllows(principal, 'administer')) return undefined;
    const exceptKinds = [...this.policies.keys()].filter((kind) => !this.allowsKind(principal, 'read', kind));
    return { names: namesOf(principal), exceptKinds };
  }

  /** Another text whenever somebody may see other things than before, by the token or by the policies. */
  accessFingerprint({ id, roles, groups = [] }: Principal): string {
    return digest([id, [...roles].sort(), [...groups].sort(), this.version]);
  }

  private askHook(principal: Principal, action: AtomeAction, atome: AtomeHeader): boolean | undefined {
    if (!this.hook) return undefined;
    try {
      const answer: unknown = this.hook(principal, action, atome);
      if (answer === undefined || typeof answer === 'boolean') return answer;
      throw new AtomeError('internal', 'authorize() must return true, false or undefined, and at once');
    } catch (error) {
      this.onError(error);
      return false;
    }
  }

  /** Whether somebody may do that with any atome of a kind; who may not read may not write. */
  private allowsKind(principal: Principal, action: AtomeAction, kind: string): boolean {
    const policy = this.policies.get(kind);
    if (!policy) return true;
    return allows(principal, policy.read) && (action === 'read' || allows(principal, policy.write));
  }
}

function allows(principal: Principal, names: readonly string[] | undefined): boolean {
  if (
    !names ||
    isNamed(
      principal,
      names.filter((name) => !name.startsWith('role:')),
    )
  )
    return true;
  return (
    (names.includes('role:reader') && roleAllows(principal, 'read')) ||
    (names.includes('role:writer') && roleAllows(principal, 'write')) ||
    (names.includes('role:admin') && roleAllows(principal, 'administer'))
  );
}

function rightOf(principal: Principal, action: AtomeAction, atome: AtomeHeader): Decision {
  if (atome.ownerId === principal.id) return OWNER;
  if (action === 'share') return NOT_NAMED;
  const access = effectiveAccess(atome);
  if (typeof access === 'string') return access === 'tenant' ? TENANT : NOT_NAMED;
  const isOneOfThem = isNamed(principal, access.write) || (action === 'read' && isNamed(principal, access.read));
  return isOneOfThem ? NAMED : NOT_NAMED;
}

/** An atome as it will be once what it inherits has followed. */
function asInherited({ inheritedNow: _now, ...atome }: JudgedHeader, inherited: Access): AtomeHeader {
  return { ...atome, inherited };
}

function isForAll(access: Access): boolean {
  if (typeof access === 'string') return access === 'tenant';
  return access.read.includes('*') || access.write.includes('*');
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
