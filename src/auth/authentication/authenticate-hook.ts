import type { IncomingMessage } from 'node:http';
import { inTime } from '../../ledger/in-time.js';
import { AtomeError, isObject, type Principal } from '../../protocol/index.js';
import type { Identity } from './authenticator.js';
import { requirePrincipal } from './principal.js';

/** Who calls, and until when that is known. */
export interface AuthenticatedPrincipal {
  /** Checked by the rules for tokens. */
  readonly principal: Principal;
  /** Milliseconds since 1970: then a WebSocket or a stream ends. Left out: never. */
  readonly expiresAt?: number;
}

/**
 * The application's own word on who calls: asked with each request, and with the handshake of each WebSocket, as Node has
 * them. `undefined`: it does not know, and a token decides where there is `jwt`.
 */
export type AuthenticateHook = (request: IncomingMessage) => AuthAnswer | Promise<AuthAnswer>;
type AuthAnswer = Principal | AuthenticatedPrincipal | undefined;

/** How long the application may take to say who calls, in milliseconds. */
const HOOK_MS = 5_000;

/**
 * Who calls, as the application says; undefined where it does not know.
 * @throws AtomeError what the hook throws of that kind, `unauthenticated` and `forbidden` for an error with the status 401 or
 * 403, `unavailable` when it takes too long. Other errors of it, and principals that are none, are faults of the application.
 */
export async function identityByHook(hook: AuthenticateHook, request: IncomingMessage): Promise<Identity | undefined> {
  const answer = await inTime(asked(hook, request), HOOK_MS, refuseLate);
  if (answer === undefined) return undefined;
  // code without types may return anything
  if (!isObject(answer) || !('principal' in answer)) return { principal: principalOf(answer), expiresAt: null };
  const { principal, expiresAt = null } = answer as AuthenticatedPrincipal;
  return { principal: principalOf(principal), expiresAt };
}

async function asked(hook: AuthenticateHook, request: IncomingMessage): Promise<AuthAnswer> {
  try {
    return await hook(request);
  } catch (error) {
    throw refusalOf(error);
  }
}

/** Guards of Nest say 401 and 403 by errors of their own. */
function refusalOf(error: unknown): unknown {
  const status: unknown =
    isObject(error) && 'getStatus' in error ? (error as { getStatus(): unknown }).getStatus() : undefined;
  if (status === 401) return new AtomeError('unauthenticated', 'the application does not let this call in');
  if (status === 403) return new AtomeError('forbidden', 'the application does not allow this call');
  return error;
}

function principalOf(value: unknown): Principal {
  try {
    return requirePrincipal(value);
  } catch (error) {
    throw new Error('authenticate: what it has returned is no principal', { cause: error });
  }
}

function refuseLate(): never {
  throw new AtomeError('unavailable', 'the application does not say in time who calls');
}
