import type { Principal } from '../../../src/protocol/index.js';

/** Who acts, as far as it matters whose data is whose. */
export type Who = Pick<Principal, 'tenant' | 'id'>;

/** Who acts without a token. */
export const ANONYMOUS: Who = { tenant: 'default', id: 'anonymous' };

/** The name of a principal of a server; none of its parts can have a space in it. @param socket URL of the WebSocket. */
export function ownerOf(socket: string, { tenant, id }: Who): string {
  return [socket.replace(/^\w+:..|\?.*/g, ''), tenant, id].join(' ');
}

/** The principal in such a name. */
export function idOf(owner: string): string | undefined {
  return owner.split(' ')[2];
}

/** Whose a token is by its own word, which only the server can check; undefined when it does not say. */
export function whoseIs(token: string | undefined): Who | undefined {
  if (token === undefined) return ANONYMOUS;
  try {
    const payload = token.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/');
    const { tenant, sub: id } = JSON.parse(atob(payload)) as { readonly tenant?: string; readonly sub?: string };
    return tenant && id ? { tenant, id } : undefined;
  } catch {
    return undefined;
  }
}
