import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ResolvedOptions } from '../config/module-options.js';
import { renderRefusal } from '../http/connection-errors.js';
import { fastifyOf } from '../http/fastify-of.js';
import { nameOf, pathOf } from '../http/problem.filter.js';
import { AtomeError } from '../protocol/index.js';
import { UPGRADE_HEADERS } from './handshake-policy.js';

const MESSAGE = 'this is the address of the WebSocket: open it with a WebSocket, which sends Upgrade: websocket';

/** Answers a call of the WebSocket's path that asks for no upgrade with 426 (RFC 9110 §15.5.22). */
@Injectable()
export class UpgradeRequired implements OnApplicationBootstrap {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly options: ResolvedOptions,
  ) {}

  /** Behind all routes of the application, which may have one of its own there. */
  onApplicationBootstrap(): void {
    const fastify = fastifyOf(this.host);
    const url = `/${this.options.wsPath.replace(/^\/+|\/+$/g, '')}`;
    if (!fastify || fastify.hasRoute({ url, method: 'GET' })) return;
    fastify.get(url, requireUpgrade);
  }
}

function requireUpgrade({ url }: FastifyRequest, reply: FastifyReply): void {
  const requestId = nameOf(reply);
  const error = new AtomeError('invalid', MESSAGE);
  const { status, headers, body } = renderRefusal({
    status: 426,
    error,
    instance: pathOf(url),
    ...(requestId !== undefined && { requestId }),
    headers: UPGRADE_HEADERS,
  });
  void reply.status(status).headers(headers).send(body);
}
