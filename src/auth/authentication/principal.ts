import { ID_PATTERN, invalid, isObject, isReservedName, type Principal } from '../../protocol/index.js';

/** The id of a principal, and the name of a group as rights have it behind `group:`: the ledger keeps 128 characters. */
const NAME_PATTERN = /^[\x21-\x7e]{1,128}$/;

export function isPrincipalId(value: unknown): value is string {
  return typeof value === 'string' && NAME_PATTERN.test(value) && !isReservedName(value);
}

export function isTenantName(value: unknown): value is string {
  return typeof value === 'string' && ID_PATTERN.test(value);
}

export function isGroupName(value: unknown): value is string {
  return typeof value === 'string' && NAME_PATTERN.test(value);
}

/**
 * Checks what an application says of who acts, by the rules for tokens.
 * @throws AtomeError `invalid`, which names each field that does not fit.
 */
export function requirePrincipal(value: unknown): Principal {
  const { id, tenant, roles, groups = [] } = isObject(value) ? value : ({} as Record<string, unknown>);
  const wrong = [
    ...(isPrincipalId(id) ? [] : [bad('id', 'must be 1–128 visible ASCII characters, not * and not group:…')]),
    ...(isTenantName(tenant) ? [] : [bad('tenant', 'must be 1–128 characters of A–Z a–z 0–9 _ . : -')]),
    ...(isListOf(roles, isText) ? [] : [bad('roles', 'must be a list of texts')]),
    ...(isListOf(groups, isGroupName) ? [] : [bad('groups', 'must be a list of 1–128 visible ASCII characters each')]),
  ];
  if (wrong.length > 0) throw invalid(wrong);
  return value as Principal;
}

function bad(field: string, message: string): { path: string; message: string } {
  return { path: `principal.${field}`, message };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isListOf(value: unknown, fits: (each: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(fits);
}
