import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AtomeError } from '../protocol/index.js';
import { authorize, type Action } from './authorize.js';
import { Authenticator, type Identity } from './authenticator.js';

/** What a route needs; `public` needs nobody, and still tells a caller with a token from one without. */
export type Rule = Action | 'public';

/** Name of a route's rule in its configuration of Fastify, and of what is known of a request in that. */
export const RULE = 'atomeSyncRule';

type Known = FastifyRequest & { identity?: Identity; isAdmitted?: boolean };

/** What else becomes of a request without a token that is good; may throw something else. */
export type OnUnauthenticated = (request: FastifyRequest) => Promise<void>;

/** Finds out who calls, and whether that caller may: before anything of the body is read. */
@Injectable()
export class Doorkeeper {
  private onUnauthenticated: OnUnauthenticated = () => Promise.resolve();

  constructor(private readonly authenticator: Authenticator) {}

  /** Stands at the door of an application, whose routes without a rule are none of its business. */
  standAt(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', async (request) => {
      const rule = (request.routeOptions.config as { [RULE]?: Rule })[RULE];
      if (rule) await this.admit(request, rule);
    });
  }

  /** Called for each request that is refused as unauthenticated. */
  slowDown(onUnauthenticated: OnUnauthenticated): void {
    this.onUnauthenticated = onUnauthenticated;
  }

  /** @throws AtomeError `unauthenticated` or `forbidden`. */
  async admit(request: Known, rule: Rule): Promise<void> {
    if (request.isAdmitted) return;
    const identity = await this.identify(request, rule);
    if (identity) request.identity = identity;
    if (identity && rule !== 'public') authorize(identity.principal, rule);
    request.isAdmitted = true;
  }

  private async identify(request: FastifyRequest, rule: Rule): Promise<Identity | undefined> {
    if (!this.authenticator.required) return this.authenticator.authenticate('');
    try {
      const token = bearerToken(request.headers.authorization);
      if (token !== undefined) return await this.authenticator.authenticate(token);
      if (rule === 'public') return undefined;
      throw new AtomeError('unauthenticated', 'a token is needed: send Authorization: Bearer <token>');
    } catch (error) {
      if (error instanceof AtomeError && error.code === 'unauthenticated') await this.onUnauthenticated(request);
      throw error;
    }
  }
}

/** The token of an `Authorization` header. @throws AtomeError `unauthenticated` for another scheme. */
export function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const token = /^Bearer +(\S+) *$/i.exec(header)?.[1];
  if (token === undefined) throw new AtomeError('unauthenticated', 'the Authorization header must be "Bearer <token>"');
  return token;
}

/** Who a request comes from, as the doorkeeper has found out. */
export function identityOf(request: FastifyRequest): Identity | undefined {
  return (request as Known).identity;
}
