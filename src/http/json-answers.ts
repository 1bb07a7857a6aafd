import { Injectable } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { textWithAtome } from '../ledger/lazy-atome.js';
import { JSON_TYPE } from './media-type.js';

/**
 * Answers that are JSON already. Interceptors of the application get them as the objects that they are: to wrap, to
 * serialise or to keep them. Where there are none, they go out as they are.
 */
@Injectable()
export class JsonAnswers {
  constructor(private readonly application: ApplicationConfig) {}

  /** Whether the application looks at answers. */
  get areIntercepted(): boolean {
    const { application } = this;
    return application.getGlobalInterceptors().length > 0 || application.getGlobalRequestInterceptors().length > 0;
  }

  /** What a handler returns in the place of a text. */
  of(json: string, reply: FastifyReply): unknown {
    void reply.type(JSON_TYPE);
    return this.areIntercepted ? JSON.parse(json) : json;
  }

  /** As {@link of}, of an object whose `atome` may be text still. */
  withAtome(object: object, reply: FastifyReply): unknown {
    return this.of(textWithAtome(object), reply);
  }
}

/** Says that the handler has sent the answer: what Nest would send, of what interceptors make of nothing, goes nowhere. */
export function isSent(reply: FastifyReply): void {
  reply.send = () => reply;
}
