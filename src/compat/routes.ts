import { Injectable } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { identityOf } from '../auth/authorization/access.guard.js';
import { writeContextOf } from '../atome/write-context.decorator.js';
import { preferredType } from '../http/accept.js';
import { varyBy } from '../http/cache-headers.js';
import { isHead, sendHead, LongResponses } from '../http/long-responses.js';
import { invalid, isObject } from '../protocol/index.js';
import { answerOf, credentialsOf, withUser } from './account-words.js';
import { OriginalErasure } from './erasure.js';
import { OriginalExport } from './export.js';
import { OriginalPull } from './pull.js';
import { OriginalPush } from './push.js';
import { checkedQuery, PullQueryDto } from './queries.js';
import { OriginalPut } from './put-body.js';
import { translateCalls, type Translation, type Translations } from './translation.js';
import { alterOf, createOf, listOf, putOf, unstamped } from './fields.js';

type Answer = Promise<void> | undefined;

/** The calls that this server and the original one share: where they mean the same by other words, they are translated. */
@Injectable()
export class OriginalCalls {
  /** Here, because Nest registers its routes before it calls `onModuleInit`. */
  constructor(
    { httpAdapter }: HttpAdapterHost,
    private readonly parts: ModuleRef,
  ) {
    // an application context (a worker, a command) has no server
    const adapter = httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    if (adapter) translateCalls(adapter.getInstance<FastifyInstance>(), this.translations());
  }

  private translations(): Translations {
    const stamps = inBody((body) => unstamped(body, []));
    return {
      'POST /atome/create': inBody(createOf),
      'GET /atome/list': { request: skipByPages },
      'PUT /atome/:id': { request: (request, reply) => this.put(request, reply) },
      'POST /atome/:id/alter': inBody(alterOf),
      'POST /atome/:id/rename': stamps,
      'POST /atome/:id/restore': stamps,
      'DELETE /atome/:id': stamps,
      'POST /sync/push': { request: (request, reply) => this.push(request, reply) },
      'GET /sync/changes': { request: (request, reply) => this.changes(request, reply) },
      'GET /user-data/export': { request: (request, reply) => this.export(request, reply) },
      'DELETE /user-data/delete-all': { request: (request, reply) => this.deleteAll(request, reply) },
      'GET /auth/me': { request: () => undefined, answer: (_request, payload) => withUser(payload) },
      'POST /auth/login': LOGIN,
      'POST /auth/register': LOGIN,
    };
  }

  private put(request: FastifyRequest, reply: FastifyReply): Answer {
    const { id } = request.params as { readonly id: string };
    const put = putOf(id, request.body);
    if (put?.isWhole) request.body = put.body;
    if (!put || put.isWhole) return undefined;
    const merged = this.parts.get(OriginalPut).merge(id, put.body, writeContextOf(request));
    return merged.then(({ version, seq, atome, alteration }) => {
      void reply.send({ success: true, id, version, seq, atome, alteration });
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
    if (isHead(request)) return sendHead(reply.type('application/json; charset=utf-8'));
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
    const { body } = request;
    if (!isObject(body) || typeof body.password !== 'string' || body.confirm !== undefined) return undefined;
    return this.parts.get(OriginalErasure).send(request, reply);
  }
}

/** Puts another body in the place of one that is the original client's. */
function inBody(translate: (body: unknown) => object | undefined): Translation {
  return {
    request: (request): undefined => {
      request.body = translate(request.body) ?? request.body;
    },
  };
}

function skipByPages(request: FastifyRequest): undefined {
  request.query = listOf(request.query as Record<string, unknown>) ?? request.query;
}

const ONE_VALUE = 'application/json';
const LINES = 'application/x-ndjson';
const STREAM = 'text/event-stream';

/** The original client asks for JSON with each call, also for those that it sends nothing with. */
function isForOneValue({ query, headers }: FastifyRequest): boolean {
  const { format, kinds } = query as { readonly format?: unknown; readonly kinds?: unknown };
  const { accept, 'content-type': type = '' } = headers;
  const isAsked = format !== undefined || kinds !== undefined || type.startsWith('application/json');
  // who asks for a format without a word on types, as a browser does, takes one value
  return preferredType(accept, isAsked ? [ONE_VALUE, LINES] : [LINES, ONE_VALUE]) === ONE_VALUE;
}

/** Logins in the original client's words, whose answers are in them too. */
const spoken = new WeakSet<FastifyRequest>();

const LOGIN: Translation = {
  request: (request): undefined => {
    const credentials = credentialsOf(request.body);
    if (!credentials) return;
    request.body = credentials;
    spoken.add(request);
  },
  answer: (request, payload) => (spoken.has(request) ? answerOf(payload) : payload),
};
