import { Injectable } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { identityOf } from '../auth/authorization/access.guard.js';
import { writeContextOf } from '../atome/write-context.decorator.js';
import { preferredType } from '../http/accept.js';
import { fastifyOf } from '../http/fastify-of.js';
import { varyBy } from '../http/cache-headers.js';
import { JSON_TYPE } from '../http/media-type.js';
import { isHead, sendHead, LongResponses } from '../http/long-responses.js';
import { invalid, isObject } from '../protocol/index.js';
import { answerOf, credentialsOf, withUser } from './account-words.js';
import { OriginalErasure } from './erasure.js';
import { OriginalExport } from './export.js';
import { OriginalPull } from './pull.js';
import { OriginalPush } from './push.js';
import { PullQueryDto } from './queries.js';
import { checkedQuery } from '../http/validation.js';
import { OriginalPut } from './put-body.js';
import { speakNames, translateCalls, type Translation, type Translations } from './translation.js';
import { bareNames, contentNames, type FieldNames } from './field-names.js';
import { alterOf, createOf, listOf, putOf, unstamped, withinMost } from './fields.js';

type Answer = Promise<void> | undefined;

/** The calls that this server and the original one share: where they mean the same by other words, they are translated. */
@Injectable()
export class OriginalCalls {
  /** Here, because Nest registers its routes before it calls `onModuleInit`. */
  constructor(
    host: HttpAdapterHost,
    private readonly parts: ModuleRef,
  ) {
    const fastify = fastifyOf(host);
    if (fastify) translateCalls(fastify, this.translations());
  }

  private translations(): Translations {
    const stamps = inBody((body) => unstamped(body, []));
    return {
      'POST /atome/create': inBody(createOf, contentNames),
      'GET /atome/list': { request: listByPages },
      'PUT /atome/:id': { request: (request, reply) => this.put(request, reply) },
      'POST /atome/:id/alter': inBody(alterOf, () => (path) => (path === 'changes.name' ? 'newName' : path)),
      'POST /atome/:id/rename': stamps,
      'POST /atome/:id/restore': stamps,
      'DELETE /atome/:id': stamps,
      'POST /sync/push': { request: (request, reply) => this.push(request, reply) },
      'GET /sync/changes': { request: (request, reply) => this.changes(request, reply) },
      'GET /user-data/export': { request: (request, reply) => this.export(request, reply) },
      'DELETE /user-data/delete-all': { request: (request, reply) => this.deleteAll(request, reply) },
      'DELETE /auth/delete-account': { request: (request, reply) => this.deleteAccount(request, reply) },
      'GET /auth/me': { request: () => undefined, answer: (_request, payload) => withUser(payload) },
      'POST /auth/login': LOGIN,
      'POST /auth/register': LOGIN,
    };
  }

  private put(request: FastifyRequest, reply: FastifyReply): Answer {
    const { id } = request.params as { readonly id: string };
    const put = putOf(id, request.body);
    if (!put) return undefined;
    const { data, properties } = request.body as Record<string, unknown>;
    const isBare = data === undefined && properties === undefined;
    const names = contentNames(request.body as Record<string, unknown>);
    speakNames(request, isBare ? bareNames : (path) => names(path.replace(/^changes\./, 'data.')));
    if (put.isWhole) {
      request.body = put.body;
      return undefined;
    }
    const merged = this.parts.get(OriginalPut).merge(id, put.body, writeContextOf(request));
    return merged.then(({ version, seq, etag, atome, alteration }) => {
      void reply.header('ETag', etag).send({ success: true, id, version, seq, atome, alteration });
    });
  }

  private push(request: FastifyRequest, reply: FastifyReply): Answer {
    const { body } = request;
    if (!isObject(body) || body.atomes === undefined || body.operations !== undefined) return undefined;
    const { principal } = identityOf(request)!;
    const pushed = this.parts.get(OriginalPush).push(body.atomes, { ...writeContextOf(request), principal });
    return pushed.then((answer) => void reply.send({ success: true, ...answer }));
  }

  /** As a `pull`, where `since` is a time. */
  private changes(request: FastifyRequest, reply: FastifyReply): Answer {
    const { since } = request.query as { readonly since?: unknown };
    if (typeof since !== 'string' || !/^\d{4}-\d\d-\d\d/.test(since)) return undefined;
    if (preferredType(request.headers.accept, [ONE_VALUE, STREAM]) === STREAM) {
      throw invalid([{ path: 'since', message: 'must be a seq for a stream of events; a time gets atomes, as JSON' }]);
    }
    return this.pull(request, reply);
  }

  private async pull(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { since } = await checkedQuery(PullQueryDto, request.query);
    varyBy(reply, 'Accept');
    if (isHead(request)) return sendHead(reply.type(JSON_TYPE));
    const { principal } = identityOf(request)!;
    const signal = this.parts.get(LongResponses, { strict: false }).open(request, reply);
    const answer = await this.parts.get(OriginalPull).since(principal, since, signal);
    void reply.send({ success: true, ...answer });
  }

  private export(request: FastifyRequest, reply: FastifyReply): Answer {
    varyBy(reply, 'Accept');
    return isForOneValue(request) ? this.parts.get(OriginalExport).send(request, reply) : undefined;
  }

  private deleteAll(request: FastifyRequest, reply: FastifyReply): Answer {
    const erasure = this.parts.get(OriginalErasure);
    return erasure.isAsked(request.body) ? erasure.send(request, reply) : undefined;
  }

  /** With `deleteData` the data goes too. */
  private deleteAccount(request: FastifyRequest, reply: FastifyReply): Answer {
    const { body } = request;
    if (!isObject(body) || body.deleteData === undefined) return undefined;
    const { deleteData, ...rest } = body;
    if (typeof deleteData !== 'boolean') {
      throw invalid([{ path: 'deleteData', message: 'must be true to erase your data too, or false to leave it' }]);
    }
    request.body = rest;
    // without a password it is refused by the call itself
    if (!deleteData || typeof rest.password !== 'string') return undefined;
    return this.parts.get(OriginalErasure).sendWithAccount(request, reply, rest.password);
  }
}

type Body = Record<string, unknown>;

/**
 * Puts another body in the place of one that is the original client's.
 * @param namesOf tells how it calls its fields.
 */
function inBody(translate: (body: unknown) => object | undefined, namesOf?: (body: Body) => FieldNames): Translation {
  return {
    request: (request): undefined => {
      const body = translate(request.body);
      if (!body) return;
      if (namesOf) speakNames(request, namesOf(request.body as Body));
      request.body = body;
    },
  };
}

/** The original client says of every call that it is JSON, also of one that it sends nothing with. */
function isOfOriginal({ headers }: FastifyRequest): boolean {
  return headers['content-type']?.startsWith('application/json') === true;
}

function listByPages(request: FastifyRequest): undefined {
  const query = request.query as Body;
  const within = (isOfOriginal(request) ? withinMost(query) : undefined) ?? query;
  request.query = listOf(within) ?? within;
}

const ONE_VALUE = 'application/json';
const LINES = 'application/x-ndjson';
const STREAM = 'text/event-stream';

function isForOneValue(request: FastifyRequest): boolean {
  const { query, headers } = request;
  const { format, kinds } = query as { readonly format?: unknown; readonly kinds?: unknown };
  const isAsked = format !== undefined || kinds !== undefined || isOfOriginal(request);
  // who asks for a format without a word on types, as a browser does, takes one value
  return preferredType(headers.accept, isAsked ? [ONE_VALUE, LINES] : [LINES, ONE_VALUE]) === ONE_VALUE;
}

/** Logins in the original client's words, whose answers are in them too. */
const spoken = new WeakSet<FastifyRequest>();

const LOGIN: Translation = {
  request: (request): undefined => {
    const credentials = credentialsOf(request.body);
    if (!credentials) return;
    speakNames(request, (path) => (path === 'identifier' ? credentials.name : path));
    request.body = credentials.body;
    spoken.add(request);
  },
  answer: (request, payload) => (spoken.has(request) ? answerOf(payload) : payload),
};
