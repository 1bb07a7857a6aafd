import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { addressOf } from '../auth/admission/client-address.js';
import { identityOf, RULE } from '../auth/authentication/request-authenticator.js';
import { AtomeError, JSON_PATCH, MERGE_PATCH, type Limits } from '../protocol/index.js';
import { tooLarge, type ArrivingBodies } from './arriving-bodies.js';
import { decodeBody } from './body-parsers.js';
import { LARGE, turn } from '../ledger/turns.js';
import type { LimitedLog } from './limited-log.js';
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

/** What the bodies of the module's own routes need. */
export interface OwnContent {
  readonly bodies: ArrivingBodies;
  readonly log: Pick<LimitedLog, 'warn'>;
  readonly limits: Limits;
}

/** Where a body is a list of values each of which is bounded by itself, and how much deeper those are. */
const MANY = /\/(?:push|batch|ack)$/;
const MANY_DEPTH = 2;

/** What a request says of its body; kept here while the application around us must not decode it. */
interface Said {
  readonly type: string | undefined;
  readonly length: string | undefined;
  readonly transfer: string | undefined;
}
const SAID = Symbol('what a request says of its body');
type Told = FastifyRequest & { [SAID]?: Said };

/**
 * Refuses content that the routes of the module do not read with 415 (RFC 9110 §15.5.16), before any parser takes it for
 * something else; what they do read is read here, so that no parser of an application around us decodes it, whatever its
 * hooks have looked at before.
 */
export function takeOwnContent(fastify: FastifyInstance, { bodies, log, limits }: OwnContent): void {
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    const types = CONTENT_TYPES[request.method];
    const isOurs = types !== undefined && RULE in request.routeOptions.config;
    if (!isOurs) return done(undefined, payload);
    const refusal = refusalOf(request, reply, types);
    if (refusal) log.warn(refusal.message, lineOf(refusal, request));
    if (refusal || request.headers['content-type'] === undefined) return done(refusal, payload);
    readBody(request, payload as Readable, { bodies, limits }).then(
      (body) => {
        request.body = body;
        hideBody(request);
        done(undefined, payload);
      },
      (error: unknown) => {
        // what is left of it is not read
        if (!(payload as Readable).readableEnded) void reply.header('connection', 'close');
        done(error as Error);
      },
    );
  });
  fastify.addHook('preValidation', (request, _reply, done) => {
    showBody(request);
    done();
  });
}

/** @throws AtomeError, by rejecting. */
async function readBody(
  request: FastifyRequest,
  payload: Readable,
  { bodies, limits }: Pick<OwnContent, 'bodies' | 'limits'>,
): Promise<unknown> {
  const limit = request.routeOptions.bodyLimit;
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  const body = await bodies.read(payload, limit, callerOf(request));
  // however many large ones are there at once, a part of them is decoded before the loop turns
  if (body.length > LARGE) await turn();
  const areMany = MANY.test(request.routeOptions.url ?? '');
  return decodeBody(body, areMany ? { jsonDepth: limits.jsonDepth + MANY_DEPTH, jsonNodes: Infinity } : limits);
}

/** As if there were no body, so that nobody decodes it again. */
function hideBody(request: FastifyRequest): void {
  const { headers } = request.raw;
  const { 'content-type': type, 'content-length': length, 'transfer-encoding': transfer } = headers;
  (request as Told)[SAID] = { type, length, transfer };
  headers['content-type'] = undefined;
  if (length !== undefined) headers['content-length'] = undefined;
  if (transfer !== undefined) headers['transfer-encoding'] = undefined;
}

function showBody(request: FastifyRequest): void {
  const kept = (request as Told)[SAID];
  if (!kept) return;
  const { headers } = request.raw;
  headers['content-type'] = kept.type;
  if (kept.length !== undefined) headers['content-length'] = kept.length;
  if (kept.transfer !== undefined) headers['transfer-encoding'] = kept.transfer;
}

/** Whose request it is, for what is counted by caller. */
export function callerOf(request: FastifyRequest): string {
  const principal = identityOf(request)?.principal;
  return principal ? `${principal.tenant} ${principal.id}` : addressOf(request.raw, 0);
}

function lineOf({ message }: AtomeError, { headers, method }: FastifyRequest): string {
  const quoted = [headers['content-type'], headers['content-encoding'], headers['transfer-encoding']];
  const told = quoted.map((each) => (each === undefined ? '-' : JSON.stringify(each.slice(0, 100)))).join(' ');
  return `415: ${message} (${method}; Content-Type, Content-Encoding, Transfer-Encoding: ${told})`;
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
