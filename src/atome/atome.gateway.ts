import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Injectable, Logger, type Type } from '@nestjs/common';
import { WebSocketGateway, type OnGatewayConnection, type OnGatewayInit } from '@nestjs/websockets';
import type { WebSocket, WebSocketServer } from 'ws';
import { Authenticator } from '../access/authenticator.js';
import { Callers } from '../access/callers.js';
import { Feed } from '../feed/feed.js';
import { ResolvedOptions } from '../door/options.js';
import { Connections } from './connections.js';
import { Session } from './session.js';
import { AcknowledgedWrites } from '../door/acknowledged-writes.js';

/** The WebSocket door: each connection gets a {@link Session}. */
@Injectable()
export class AtomeGateway implements OnGatewayInit<WebSocketServer>, OnGatewayConnection<WebSocket> {
  private readonly logger = new Logger('WebSocket');

  constructor(
    private readonly feed: Feed,
    private readonly writes: AcknowledgedWrites,
    private readonly connections: Connections,
    private readonly authenticator: Authenticator,
    private readonly callers: Callers,
    private readonly options: ResolvedOptions,
  ) {}

  /** The defaults of `ws` let one message take 100 MiB; these are read at each handshake. */
  afterInit(server: WebSocketServer): void {
    Object.assign(server.options, {
      maxPayload: this.options.limits.messageBytes,
      maxFragments: 1_024,
      maxBufferedChunks: 16_384,
      perMessageDeflate: this.options.socket.deflate,
    });
  }

  handleConnection(ws: WebSocket, request: IncomingMessage): void {
    const { limits, socket, feed } = this.options;
    new Session(ws, randomUUID(), request, {
      authenticator: this.authenticator,
      callers: this.callers,
      feed: this.feed,
      writes: this.writes,
      connections: this.connections,
      limits,
      socket,
      unsentBytes: feed.unsentBytes,
      onError: (error) => this.logger.error(error),
    });
  }
}

/** The gateway at a path, which Nest wants to know from a decorator. */
export function gatewayAt(path: string): Type<AtomeGateway> {
  class BoundGateway extends AtomeGateway {}
  WebSocketGateway({ path })(BoundGateway);
  return BoundGateway;
}
