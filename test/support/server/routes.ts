import { RequestMethod, type INestApplication, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { AccessGuard, ruleOf, type Rule } from '../../../src/auth/authorization/access.guard.js';

/** A handler of a controller, as Nest knows it. */
export interface Route {
  /** Such as `GET /atome/:id`, without the prefix of the application. */
  readonly name: string;
  readonly isGuarded: boolean;
  /** undefined when it declares none. */
  readonly rule: Rule | undefined;
}

const metadata = (key: string, target: object): unknown => Reflect.getMetadata(key, target);

/** Every route that the controllers of an application declare. */
export function routesOf(app: INestApplication): Route[] {
  const scanner = new MetadataScanner();
  return app
    .get(DiscoveryService, { strict: false })
    .getControllers()
    .flatMap(({ metatype }) => {
      const controller = metatype as Type<object>;
      const prototype = controller.prototype as Record<string, object>;
      return scanner
        .getAllMethodNames(prototype)
        .map((name) => ({ controller, handler: prototype[name]! }))
        .filter(({ handler }) => metadata('method', handler) !== undefined);
    })
    .map(({ controller, handler }) => {
      const method = RequestMethod[metadata('method', handler) as number]!;
      const path = [metadata('path', controller), metadata('path', handler)].join('/').replace(/\/+/g, '/');
      const guards = [controller, handler].flatMap((target) => metadata('__guards__', target) ?? []);
      return {
        name: `${method} /${path.replace(/^\/|\/$/g, '')}`,
        isGuarded: guards.includes(AccessGuard),
        rule: ruleOf(handler),
      };
    });
}
