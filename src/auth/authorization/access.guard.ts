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
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExtension } from '../../api-decorators.js';
import type { FastifyRequest } from 'fastify';
import { AtomeError, type Principal } from '../../protocol/index.js';
import {
  RequestAuthenticator,
  identityOf,
  RULE,
  TAKES_PRECONDITIONS,
  TAKES_QUERY,
  TAKES_TICKETS,
  type Rule,
} from '../authentication/request-authenticator.js';

export { identityOf, type Rule } from '../authentication/request-authenticator.js';

export interface RuleOptions {
  /** Whether a caller that cannot set a header may show a one-time ticket in the address. */
  readonly takesTickets?: boolean;
  /** Whether it writes to one atome, which the preconditions of a request can be held against. */
  readonly takesPreconditions?: boolean;
  /** Whether its address may have parameters, which it checks itself. */
  readonly takesQuery?: boolean;
}

/** What a document of OpenAPI says of who may call. */
export const RULE_EXTENSION = 'x-atome-rule';

/** Declares the role that a route requires. A route without one is refused to everybody. */
export const RequireRole = (
  rule: Rule,
  { takesTickets = false, takesPreconditions = false, takesQuery = false }: RuleOptions = {},
): MethodDecorator =>
  applyDecorators(
    SetMetadata(RULE, rule),
    RouteConfig({
      [RULE]: rule,
      [TAKES_TICKETS]: takesTickets,
      [TAKES_PRECONDITIONS]: takesPreconditions,
      [TAKES_QUERY]: takesQuery,
    }),
    ApiExtension(RULE_EXTENSION, { rule, takesTickets }),
  );

/** The rule of a route handler; undefined when it declares none. */
export function ruleOf(handler: object): Rule | undefined {
  return Reflect.getMetadata(RULE, handler) as Rule | undefined;
}

/** Refuses a route to a request that the {@link RequestAuthenticator} has not authenticated. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly requestAuthenticator: RequestAuthenticator,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const rule = this.reflector.get<Rule | undefined>(RULE, context.getHandler());
    if (!rule) throw new AtomeError('forbidden', 'this call is not open to anybody');
    const authenticated = this.requestAuthenticator.authenticate(
      context.switchToHttp().getRequest<FastifyRequest>(),
      rule,
    );
    return authenticated?.then(() => true) ?? true;
  }
}

/** Applies the guard to a controller. */
export const Guarded = (): ClassDecorator => UseGuards(AccessGuard);

/** Who calls; undefined only on a `public` route. */
export const CurrentPrincipal = createParamDecorator(
  (_: unknown, context: ExecutionContext): Principal | undefined =>
    identityOf(context.switchToHttp().getRequest<FastifyRequest>())?.principal,
);
