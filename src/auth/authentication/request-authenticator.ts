import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AtomeError } from '../../protocol/index.js';
import { assertRole, type Action } from '../authorization/role-permissions.js';
import type { Identity } from './authenticator.js';
import { CredentialExtractor, type CredentialCheck } from './credential-extractor.js';
import { Perimeter } from '../admission/perimeter.js';

/**
 * What a route needs. `public` needs nobody, and still tells a caller with a token from one without; `open` does not
 * look at tokens at all, for those who come to get one.
 */
export type Rule = Action | 'public' | 'open';

/** Name of a route's rule in its configuration of Fastify, and of what is known of a request in that. */
export const RULE = 'atomeSyncRule';
/** Beside it: whether a one-time ticket in the address will do. */
export const TAKES_TICKETS = 'atomeSyncTakesTickets';
/** And whether it is a write to one atome, which `If-Match` can be held against. */
export const TAKES_PRECONDITIONS = 'atomeSyncTakesPreconditions';
/** And whether it knows any parameters in its address. */
export const TAKES_QUERY = 'atomeSyncTakesQuery';

type AuthenticatedRequest = FastifyRequest & { identity?: Identity; isAuthorized?: boolean };

/** What else becomes of a request without a token that is good; may throw something else. */
export type OnRejected = (request: FastifyRequest) => Promise<void>;

/** Finds out who calls, and whether that caller may: before anything of the body is read. */
@Injectable()
export class RequestAuthenticator {
  private onUnauthenticated: OnRejected = () => Promise.resolve();

  constructor(
    private readonly credentialExtractor: CredentialExtractor,
    private readonly perimeter: Perimeter,
  ) {}

  /** Registers the authentication of requests with an application. Routes without a rule are not touched. */
  register(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, _reply, done) => {
      const rule = ruleOfRoute(request);
      if (!rule) return done();
      const foreign = this.perimeter.refusalOfCall(request.raw);
      if (foreign) return done(foreign);
      const authenticated = this.authenticate(request, rule);
      if (authenticated) authenticated.then(() => done(), done);
      else done();
    });
  }

  /** Called for each request that is refused as unauthenticated. */
  onRejected(onUnauthenticated: OnRejected): void {
    this.onUnauthenticated = onUnauthenticated;
  }

  /**
   * Synchronous when the caller is known already, which spares most requests a turn of the microtasks.
   * @throws AtomeError `unauthenticated` or `forbidden`; or rejects with it.
   */
  authenticate(request: AuthenticatedRequest, rule: Rule): void | Promise<void> {
    if (request.isAuthorized) return;
    const identity = rule === 'open' ? undefined : this.identify(request, rule);
    if (identity instanceof Promise) return identity.then((proved) => this.authorizeRequest(request, rule, proved));
    this.authorizeRequest(request, rule, identity);
  }

  private authorizeRequest(request: AuthenticatedRequest, rule: Rule, identity: Identity | undefined): void {
    if (identity) request.identity = identity;
    else assertShortBody(request);
    if (identity && rule !== 'public' && rule !== 'open') assertRole(identity.principal, rule);
    request.isAuthorized = true;
  }

  private identify(request: FastifyRequest, rule: Rule): Identity | undefined | Promise<Identity | undefined> {
    const takesTickets = (request.routeOptions.config as { [TAKES_TICKETS]?: boolean })[TAKES_TICKETS] ?? false;
    try {
      const check = this.credentialExtractor.extract(request, takesTickets);
      const identity = check instanceof Promise ? check.then((found) => proved(found, rule)) : proved(check, rule);
      return identity instanceof Promise ? identity.catch((error: unknown) => this.reject(request, error)) : identity;
    } catch (error) {
      return this.reject(request, error);
    }
  }

  private async reject(request: FastifyRequest, error: unknown): Promise<never> {
    if (error instanceof AtomeError && error.code === 'unauthenticated') await this.onUnauthenticated(request);
    throw error;
  }
}

/** @throws AtomeError `unauthenticated` where somebody is needed; or rejects with it. */
function proved(check: CredentialCheck | undefined, rule: Rule): Identity | undefined | Promise<Identity> {
  if (check || rule === 'public') return check?.();
  throw new AtomeError('unauthenticated', 'a token is needed: send Authorization: Bearer <token>');
}

/** What the route of a request needs; undefined for one that is not the module's. */
export function ruleOfRoute({ routeOptions }: FastifyRequest): Rule | undefined {
  return (routeOptions.config as { [RULE]?: Rule })[RULE];
}

/** The body of an unauthenticated request is limited to what a name and a password take. */
const MAX_UNAUTHENTICATED_BYTES = 16 * 1024;

/** @throws AtomeError `too_large` for a long body, and for one that does not say how long it is. */
function assertShortBody({ headers }: FastifyRequest): void {
  const length = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : Infinity;
  if (length <= MAX_UNAUTHENTICATED_BYTES) return;
  throw new AtomeError(
    'too_large',
    `without a token a body has at most ${MAX_UNAUTHENTICATED_BYTES} bytes, and says so in Content-Length`,
  );
}

/** The identity of a request, once it is authenticated. */
export function identityOf(request: FastifyRequest): Identity | undefined {
  return (request as AuthenticatedRequest).identity;
}
