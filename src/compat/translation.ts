import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { RULE } from '../auth/authentication/request-authenticator.js';
import { isObject } from '../protocol/index.js';
import { renamed, type FieldNames } from './field-names.js';

/** What stands in front of one call and puts the original client's words into those of the server. */
export interface Translation {
  /** Puts another body or query into the request; or answers it by itself, and says so by a promise. */
  readonly request: (request: FastifyRequest, reply: FastifyReply) => Promise<void> | undefined;
  /** Adds to the answer. */
  readonly answer?: (request: FastifyRequest, payload: unknown) => unknown;
}

/** How the caller of a translated request calls the fields that a refusal names. */
const spokenNames = new WeakMap<FastifyRequest, FieldNames>();

/** Has a refusal of this request name fields as its caller does. */
export function speakNames(request: FastifyRequest, names: FieldNames): void {
  spokenNames.set(request, names);
}

/** By method and path, without the prefix of the application, such as `PUT /atome/:id`. */
export type Translations = Readonly<Record<string, Translation>>;

/** Puts translations in front of the calls of this module that are yet to be registered; of others it knows nothing. */
export function translateCalls(fastify: FastifyInstance, translations: Translations): void {
  fastify.addHook('onRoute', (route) => {
    if (!(route.config && RULE in route.config)) return;
    const name = Object.keys(translations).find((each) => isCall(each, route));
    if (name !== undefined) putBefore(route, translations[name]!);
  });
}

function isCall(name: string, { method, url }: RouteOptions): boolean {
  const [wanted, path] = name.split(' ') as [string, string];
  // HEAD is answered as GET
  const isWanted = wanted === 'GET' ? method === 'GET' || method === 'HEAD' : method === wanted;
  return isWanted && url.endsWith(path);
}

function putBefore(route: RouteOptions, { request: translate, answer }: Translation): void {
  route.preHandler = [
    ...[route.preHandler ?? []].flat(),
    (request, reply, done) => {
      try {
        const answered = translate(request, reply);
        if (answered) answered.catch(done);
        else done();
      } catch (error) {
        done(error as Error);
      }
    },
  ];
  route.preSerialization = [
    ...[route.preSerialization ?? []].flat(),
    (request, _reply, payload, done) => {
      const names = spokenNames.get(request);
      const told = names && isObject(payload) && Array.isArray(payload.errors) ? renamed(payload, names) : payload;
      done(null, answer ? answer(request, told) : told);
    },
  ];
}
