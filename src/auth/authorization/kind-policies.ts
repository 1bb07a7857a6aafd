import { ACCESS_TEXT, isEntries, isObject, KIND_PATTERN, readAccess, type AskedAccess } from '../../protocol/index.js';
import { isRole } from './roles.js';

/**
 * What holds for all atomes of a kind. Names are those of rights, and `role:reader`, `role:writer`, `role:admin` for
 * everybody with that role. Admins are bound by none of it.
 */
export interface KindPolicy {
  /** What a new one has when its creator asks for nothing. */
  readonly access?: AskedAccess;
  /** Who may read any of them; left out: whoever its rights name. */
  readonly read?: readonly string[];
  /** Who may write any of them. */
  readonly write?: readonly string[];
}

/** By kind. */
export type Policies = Readonly<Record<string, KindPolicy>>;

const FIELDS = ['access', 'read', 'write'];

/** @throws Error with a sentence that names what is wrong. */
export function parsePolicies(text: string): Policies {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`it is not JSON: ${(error as Error).message}`, { cause: error });
  }
  return checkPolicies(value);
}

/** @throws Error with a sentence that names what is wrong. */
export function checkPolicies(value: unknown): Policies {
  if (!isObject(value))
    throw new Error('it must be an object of policies by kind, such as {"note":{"access":"private"}}');
  for (const [kind, policy] of Object.entries(value)) {
    if (!KIND_PATTERN.test(kind)) throw new Error(`"${kind}" cannot be a kind`);
    const problem = problemOf(policy);
    if (problem) throw new Error(`the policy of "${kind}" ${problem}`);
  }
  return value as Policies;
}

function problemOf(policy: unknown): string | undefined {
  if (!isObject(policy)) return 'must be an object';
  const stray = Object.keys(policy).find((name) => !FIELDS.includes(name));
  if (stray !== undefined) return `has no field "${stray}"; the fields are ${FIELDS.join(', ')}`;
  if (policy.access !== undefined && readAccess(policy.access) === undefined)
    return `has a wrong access: it must be ${ACCESS_TEXT}`;
  const bad = (['read', 'write'] as const).find((name) => policy[name] !== undefined && !isNames(policy[name]));
  return (
    bad &&
    `has a wrong ${bad}: it must list ids of principals, "group:<name>", "role:reader", "role:writer", "role:admin" or "*"`
  );
}

function isNames(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const isRight = (name: unknown): boolean =>
    typeof name === 'string' && name.startsWith('role:') ? isRole(name.slice('role:'.length)) : isEntries([name]);
  return value.every(isRight);
}
