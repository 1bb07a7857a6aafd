/** Somebody, as they are shown. */
export interface Who {
  readonly id: string;
  readonly tenant: string;
  readonly roles: readonly string[];
  /** What they signed in by. */
  readonly name?: string;
}

/** What a token says of its owner, to be shown: the server has checked it. Nothing where its claims have other names. */
export function claimsOf(token: string): Who {
  try {
    const text = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    const { sub, tenant, roles } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    return { id: textOf(sub), tenant: textOf(tenant), roles: rolesOf(roles) };
  } catch {
    return { id: '?', tenant: '?', roles: [] };
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '?';
}

function rolesOf(roles: unknown): readonly string[] {
  if (Array.isArray(roles)) return roles.filter((role) => typeof role === 'string');
  return typeof roles === 'string' ? roles.split(/[ ,]+/).filter(Boolean) : [];
}
