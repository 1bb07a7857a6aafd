import type { IncomingMessage } from 'node:http';
import { AtomeError } from '../../protocol/index.js';
import { identityByHook, type AuthenticateHook } from './authenticate-hook.js';
import type { Authenticator, Identity } from './authenticator.js';
import type { Tickets } from './tickets.js';

/** What a request, or the handshake of a WebSocket, carries. */
export interface RequestCredentials {
  readonly headers: { readonly authorization?: string | undefined };
  /** Path and query. */
  readonly url?: string | undefined;
  /** As Node has it. */
  readonly raw: IncomingMessage;
}

/** Tells who a caller is, at once where that is known already; throws, or rejects, as an {@link Authenticator} does. */
export type CredentialCheck = () => Identity | Promise<Identity>;

/** Finds out who calls: by the application's word, the token in the header, or a one-time ticket in the address. */
export class CredentialExtractor {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly tickets: Tickets,
    private readonly hook?: AuthenticateHook,
  ) {}

  /**
   * How the caller proves who it is; undefined when it carries nothing that does.
   * @param takesTickets whether a ticket counts here.
   * @throws AtomeError `unauthenticated` for a token in the address, and for another scheme than Bearer; or rejects with it.
   */
  extract(
    request: RequestCredentials,
    takesTickets: boolean,
  ): CredentialCheck | undefined | Promise<CredentialCheck | undefined> {
    return this.hook ? this.ask(this.hook, request, takesTickets) : this.carried(request, takesTickets);
  }

  private async ask(
    hook: AuthenticateHook,
    request: RequestCredentials,
    takesTickets: boolean,
  ): Promise<CredentialCheck | undefined> {
    const identity = await identityByHook(hook, request.raw);
    return identity ? () => identity : this.carried(request, takesTickets);
  }

  private carried({ headers, url }: RequestCredentials, takesTickets: boolean): CredentialCheck | undefined {
    if (!this.authenticator.required) return () => this.authenticator.authenticate('');
    const ticket = ticketIn(url);
    const token = bearerToken(headers.authorization);
    if (token !== undefined) return () => this.authenticator.authenticate(token);
    return takesTickets && ticket !== null ? () => this.tickets.redeem(ticket) : undefined;
  }
}

function ticketIn(url = ''): string | null {
  const at = url.indexOf('?');
  if (at < 0) return null;
  const query = new URLSearchParams(url.slice(at));
  if (!query.has('token') && !query.has('access_token')) return query.get('ticket');
  const advice = 'send it in the Authorization header, or put a one-time ticket from POST /api/auth/ticket here';
  throw new AtomeError(
    'unauthenticated',
    `a token in the address is not taken, because addresses are logged: ${advice}`,
  );
}

/** The token of an `Authorization` header. @throws AtomeError `unauthenticated` for another scheme. */
export function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const token = /^Bearer +(\S+) *$/i.exec(header)?.[1];
  if (token === undefined) throw new AtomeError('unauthenticated', 'the Authorization header must be "Bearer <token>"');
  return token;
}
