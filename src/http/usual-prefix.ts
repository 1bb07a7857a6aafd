import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { fastifyOf } from './fastify-of.js';
import { RouteTable, type KnownRoute } from './route-table.js';

/** A path as clients ask for it that know the address of the server, and not the prefix of its routes. */
const USUAL_PREFIX = '/api';
const USUAL = /^[^?]*\/api(\/[^?]+)(\?.*)?$/;
/** `Accept` of every call of the SDK. */
const SDK_ACCEPTS = 'application/json';
/** A route that is always there, by which the prefix is known. */
const LANDMARK = '/server-info';

/**
 * Leads clients that ask under the usual prefix, `api`, to where an application has the routes. It answers only what the
 * application has nothing for, and only those who say what the SDK says: whoever else asks there, such as a page or a probe,
 * means something else.
 */
@Injectable()
export class UsualPrefix implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly table: RouteTable,
  ) {}

  onModuleInit(): void {
    fastifyOf(this.host)?.addHook('onRequest', (request, reply, done) => {
      const isClient = request.is404 && request.headers.accept === SDK_ACCEPTS;
      const target = isClient ? this.targetOf(request.url, request.method) : undefined;
      if (target === undefined) return done();
      // method and body stay; the address is relative, since a proxy may have taken a part of it
      void reply.redirect(target, 308);
    });
  }

  private targetOf(url: string, method: string): string | undefined {
    const [, path, query = ''] = USUAL.exec(url) ?? [];
    const own = this.table.routes.filter(({ isOwn }) => isOwn);
    const landmark = own.find((route) => route.url.endsWith(LANDMARK));
    if (path === undefined || !landmark) return undefined;
    const prefix = landmark.url.slice(0, -LANDMARK.length);
    const target = prefix + path;
    // what a part of it stands for, only the application knows
    if (prefix === USUAL_PREFIX || prefix.includes(':') || !own.some((route) => leadsTo(route, target, method)))
      return undefined;
    const depth = url.split('?', 1)[0]!.split('/').length - 2;
    return `${'../'.repeat(depth)}${target.slice(1)}${query}`;
  }
}

function leadsTo({ methods, pattern }: KnownRoute, path: string, method: string): boolean {
  return methods.includes(method) && pattern.test(path);
}
