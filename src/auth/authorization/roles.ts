/** What a principal may do in its tenant: each role includes the ones before it. */
export const ROLES = ['reader', 'writer', 'admin'] as const;

/** What a token may let its principal do in its tenant; each role includes the ones before it. */
export type Role = (typeof ROLES)[number];

export function isRole(value: unknown): value is Role {
  return ROLES.some((role) => role === value);
}
