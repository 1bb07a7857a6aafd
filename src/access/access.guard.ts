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
import type { Identity } from './authenticator.js';
import { Callers } from './callers.js';

/**
 * What a route needs. `public` needs nobody, and still tells a caller with a token from one without; `open` does not
 * look at tokens at all, for those who come to get one.
 */
export type Rule = Action | 'public' | 'open';

const RULE = 'atome-sync:rule';
const TAKES_TICKETS = 'atome-sync:takes-tickets';

/** Says what a route needs. A route that says nothing is refused to everybody. */
export const Needs = (rule: Rule): MethodDecorator =>
  applyDecorators(
    SetMetadata(RULE, rule),
    ApiUnauthorizedResponse({ description: 'No token, or one that is not good, where authentication is on' }),
    ...(rule === 'public' || rule === 'open'
      ? []
      : [ApiForbiddenResponse({ description: `You may not ${rule} in your tenant` })]),
  );

/** Lets a caller that cannot set a header show a one-time ticket in the address. */
export const TakesTickets = (): MethodDecorator => SetMetadata(TAKES_TICKETS, true);

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
    private readonly callers: Callers,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.get<Rule | undefined>(RULE, context.getHandler());
    if (!rule) throw new AtomeError('forbidden', 'this call is not open to anybody');
    if (rule === 'open') return true;
    const request = context.switchToHttp().getRequest<Identified>();
    const takesTickets = this.reflector.get<boolean | undefined>(TAKES_TICKETS, context.getHandler()) ?? false;
    const identity = await this.callers.proofOf(request, takesTickets)?.();
    if (identity) request.identity = identity;
    if (rule === 'public') return true;
    if (!identity) throw new AtomeError('unauthenticated', 'a token is needed: send Authorization: Bearer <token>');
    authorize(identity.principal, rule);
    return true;
  }
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
