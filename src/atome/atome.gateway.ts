import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Inject, Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { WebSocketGateway, type OnGatewayConnection, type OnGatewayInit } from '@nestjs/websockets';
import type { VerifyClientCallbackAsync, WebSocket, WebSocketServer } from 'ws';
import { addressOf } from '../auth/admission/client-address.js';
import { renderRefusal, writeAnswer } from '../http/connection-errors.js';
import { ResolvedOptions } from '../config/module-options.js';
import { StallGuard } from '../http/stall-guard.js';
import { HandshakePolicy } from '../realtime/handshake-policy.js';
import { Session } from '../realtime/session.js';
import { assertSpeaksWebSocket } from '../realtime/socket-adapter.js';
import { SESSION_DEPENDENCIES, type SessionDependencies } from '../realtime/session-dependencies.js';

/** The WebSocket gateway: each connection gets a {@link Session}. */
@Injectable()
export class AtomeGateway implements OnGatewayInit<WebSocketServer>, OnGatewayConnection<WebSocket>, OnModuleInit {
  private server: WebSocketServer | undefined;

  constructor(
    @Inject(SESSION_DEPENDENCIES) private readonly session: SessionDependencies,
    private readonly handshakePolicy: HandshakePolicy,
    private readonly stallGuard: StallGuard,
    private readonly options: ResolvedOptions,
  ) {}

  /** The first call of Nest's after that which can refuse the start. @throws Error for a server that is not of `ws`. */
  onModuleInit(): void {
    if (this.server) assertSpeaksWebSocket(this.server);
  }

  /** The defaults of `ws` let one message take 100 MiB; these are read at each handshake. */
  afterInit(server: WebSocketServer): void {
    this.server = server;
    if (!('handleUpgrade' in server)) return;
    Object.assign(server.options, {
      maxPayload: this.options.limits.messageBytes,
      maxFragments: 1_024,
      maxBufferedChunks: 16_384,
      perMessageDeflate: this.options.socket.deflate,
      verifyClient: this.verify,
    });
    server.on('wsClientError', (_error, socket, request) =>
      writeAnswer(socket as Socket, this.handshakePolicy.faultOf(request)),
    );
  }

  /** Who is refused here gets no WebSocket, only an HTTP answer. */
  private readonly verify: VerifyClientCallbackAsync = ({ req }, answer) => {
    const refusal = this.handshakePolicy.refusalOf(req);
    if (!refusal) return answer(true);
    const { status, headers, body } = renderRefusal(refusal);
    answer(false, status, body, headers);
  };

  handleConnection(ws: WebSocket, request: IncomingMessage): void {
    const { headers, url } = request;
    this.stallGuard.watch(request.socket, this.options.socket.heartbeatMs);
    const handshake = { headers, url, raw: request, address: addressOf(request, this.options.proxies) };
    this.session.accessLog.follow(ws, request, new Session(ws, randomUUID(), handshake, this.session));
  }
}

/** The gateway at a path, which Nest wants to know from a decorator. */
export function gatewayAt(path: string): Type<AtomeGateway> {
  class BoundGateway extends AtomeGateway {}
  WebSocketGateway({ path })(BoundGateway);
  return BoundGateway;
}
