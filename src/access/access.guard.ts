import {
  applyDecorators,
  createParamDecorator,
  Injectable,
  SetMetadata,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiBearerAuth, ApiForbiddenResponse, ApiUnauthorizedResponse } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { AtomeError, type Principal } from '../protocol/index.js';
import { authorize, type Action } from './authorize.js';
import { Authenticator, type Identity } from './authenticator.js';

/** What a route needs; `public` needs nobody, and still tells a caller with a token from one without. */
export type Rule = Action | 'public';

const RULE = 'atome-sync:rule';

/** Says what a route needs. A route that says nothing is refused to everybody. */
export const Needs = (rule: Rule): MethodDecorator =>
  applyDecorators(
    SetMetadata(RULE, rule),
    ApiUnauthorizedResponse({ description: 'No token, or one that is not good, where authentication is on' }),
    ...(rule === 'public' ? [] : [ApiForbiddenResponse({ description: `You may not ${rule} in your tenant` })]),
  );

/** The rule of a route handler; undefined when it declares none. */
export function ruleOf(handler: object): Rule | undefined {
  return Reflect.getMetadata(RULE, handler) as Rule | undefined;
}

type Identified = FastifyRequest & { identity?: Identity };

/** Finds out who calls, and whether that caller may. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.get<Rule | undefined>(RULE, context.getHandler());
    if (!rule) throw new AtomeError('forbidden', 'this call is not open to anybody');
    const request = context.switchToHttp().getRequest<Identified>();
    const identity = await this.identify(request);
    if (identity) request.identity = identity;
    if (rule === 'public') return true;
    if (!identity) throw new AtomeError('unauthenticated', 'a token is needed: send Authorization: Bearer <token>');
    authorize(identity.principal, rule);
    return true;
  }

  private async identify({ headers }: FastifyRequest): Promise<Identity | undefined> {
    if (!this.authenticator.required) return this.authenticator.authenticate('');
    const token = bearerToken(headers.authorization);
    return token === undefined ? undefined : this.authenticator.authenticate(token);
  }
}

/** The token of an `Authorization` header. @throws AtomeError `unauthenticated` for another scheme. */
export function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const token = /^Bearer +(\S+) *$/i.exec(header)?.[1];
  if (token === undefined) throw new AtomeError('unauthenticated', 'the Authorization header must be "Bearer <token>"');
  return token;
}

/** Puts a controller behind the guard. */
export const Guarded = (): ClassDecorator => applyDecorators(UseGuards(AccessGuard), ApiBearerAuth());

/** Who a request comes from, as the guard has found out. */
export function identityOf(request: FastifyRequest): Identity | undefined {
  return (request as Identified).identity;
}

/** Who calls; undefined only on a `public` route. */
export const Caller = createParamDecorator(
  (_: unknown, context: ExecutionContext): Principal | undefined =>
    identityOf(context.switchToHttp().getRequest<FastifyRequest>())?.principal,
);
