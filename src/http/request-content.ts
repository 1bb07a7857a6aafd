import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RULE } from '../auth/authentication/request-authenticator.js';
import { AtomeError, JSON_PATCH, MERGE_PATCH } from '../protocol/index.js';
import { divertToOwnDecoder } from './body-parsers.js';
import { isUtf8Type, parseMediaType } from './media-type.js';

/** Which types of content the routes of the module read, by method. */
export const CONTENT_TYPES: Readonly<Record<string, readonly string[]>> = {
  POST: ['application/json'],
  PUT: ['application/json'],
  DELETE: ['application/json'],
  PATCH: [MERGE_PATCH, JSON_PATCH, 'application/json'],
};

/** The header that tells them: RFC 5789 §3.1 and the Linked Data Platform have names of their own for two methods. */
export function describeContent(method: string): [name: string, value: string] {
  const name = { PATCH: 'Accept-Patch', POST: 'Accept-Post' }[method] ?? 'Accept';
  return [name, CONTENT_TYPES[method]!.join(', ')];
}

/**
 * Refuses content that the routes of the module do not read with 415 (RFC 9110 §15.5.16), before any parser takes it for
 * something else; what they do read goes to our decoder, past those that a host application has.
 */
export function takeOwnContent(fastify: FastifyInstance): void {
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    const types = CONTENT_TYPES[request.method];
    const isOurs = types !== undefined && RULE in request.routeOptions.config;
    if (!isOurs) return done(undefined, payload);
    const refusal = refusalOf(request, reply, types);
    if (!refusal && request.headers['content-type'] !== undefined) divertToOwnDecoder(request);
    done(refusal, payload);
  });
}

function refusalOf({ headers, method }: FastifyRequest, reply: FastifyReply, types: readonly string[]) {
  const coding = headers['content-encoding'];
  if (coding !== undefined && !isIdentity(coding)) {
    void reply.header('Accept-Encoding', 'identity');
    return refused('the content is encoded, and only what is sent as it is can be read; leave Content-Encoding out');
  }
  const type = headers['content-type'];
  const transfer = headers['transfer-encoding'];
  if (transfer !== undefined && transfer.trim().toLowerCase() !== 'chunked') {
    return refused('the transfer is encoded, and only Transfer-Encoding: chunked can be read; send it so');
  }
  // what nearly all send needs no parser
  if (type === types[0] || (type === undefined && isEmpty(headers))) return undefined;
  const read = type === undefined ? undefined : parseMediaType(type);
  if (!read || !types.includes(read.name)) {
    void reply.header(...describeContent(method));
    return refused(`the body is of a type that is not understood here; send ${types.join(' or ')}`);
  }
  return isUtf8Type(read) ? undefined : refused('the body is in a charset that is not understood here; send UTF-8');
}

function refused(message: string): AtomeError {
  return new AtomeError('unsupported_media_type', message);
}

/** Several headers of the name come as one list. */
function isIdentity(coding: string): boolean {
  return coding.split(',').every((each) => ['identity', ''].includes(each.trim().toLowerCase()));
}

function isEmpty(headers: FastifyRequest['headers']): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
}
