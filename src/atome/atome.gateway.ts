import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Injectable, type Type } from '@nestjs/common';
import { WebSocketGateway, type OnGatewayConnection, type OnGatewayInit } from '@nestjs/websockets';
import type { VerifyClientCallbackAsync, WebSocket, WebSocketServer } from 'ws';
import { AccessPolicy } from '../auth/authorization/access-policy.js';
import { Authenticator } from '../auth/authentication/authenticator.js';
import { addressOf } from '../auth/admission/client-address.js';
import { CredentialExtractor } from '../auth/authentication/credential-extractor.js';
import { ConnectionLimiter } from '../auth/admission/connection-limiter.js';
import { Feed } from '../feed/feed.js';
import { renderRefusal, writeAnswer } from '../http/connection-errors.js';
import { errorLog } from '../http/error-log.js';
import { ResolvedOptions } from '../config/module-options.js';
import { ConnectionRegistry } from '../realtime/connection-registry.js';
import { handshakeFault, HandshakePolicy } from '../realtime/handshake-policy.js';
import { Session } from '../realtime/session.js';
import { AcknowledgedWrites } from '../application/acknowledged-writes.js';

/** The WebSocket gateway: each connection gets a {@link Session}. */
@Injectable()
export class AtomeGateway implements OnGatewayInit<WebSocketServer>, OnGatewayConnection<WebSocket> {
  constructor(
    private readonly feed: Feed,
    private readonly writes: AcknowledgedWrites,
    private readonly connectionRegistry: ConnectionRegistry,
    private readonly authenticator: Authenticator,
    private readonly accessPolicy: AccessPolicy,
    private readonly credentialExtractor: CredentialExtractor,
    private readonly connectionLimiter: ConnectionLimiter,
    private readonly handshakePolicy: HandshakePolicy,
    private readonly options: ResolvedOptions,
  ) {}

  /** The defaults of `ws` let one message take 100 MiB; these are read at each handshake. */
  afterInit(server: WebSocketServer): void {
    Object.assign(server.options, {
      maxPayload: this.options.limits.messageBytes,
      maxFragments: 1_024,
      maxBufferedChunks: 16_384,
      perMessageDeflate: this.options.socket.deflate,
      verifyClient: this.verify,
    });
    server.on('wsClientError', (_error, socket, request) => writeAnswer(socket as Socket, handshakeFault(request)));
  }

  /** Who is refused here gets no WebSocket, only an HTTP answer. */
  private readonly verify: VerifyClientCallbackAsync = ({ req }, answer) => {
    const refusal = this.handshakePolicy.refusalOf(req);
    if (!refusal) return answer(true);
    const { status, headers, body } = renderRefusal(refusal);
    answer(false, status, body, headers);
  };

  handleConnection(ws: WebSocket, request: IncomingMessage): void {
    const { limits, socket, feed } = this.options;
    const { headers, url } = request;
    const handshake = { headers, url, address: addressOf(request, this.options.proxies) };
    new Session(ws, randomUUID(), handshake, {
      authenticator: this.authenticator,
      accessPolicy: this.accessPolicy,
      credentialExtractor: this.credentialExtractor,
      connectionLimiter: this.connectionLimiter,
      feed: this.feed,
      writes: this.writes,
      connectionRegistry: this.connectionRegistry,
      limits,
      socket,
      unsentBytes: feed.unsentBytes,
      onError: errorLog('WebSocket'),
    });
  }
}

/** The gateway at a path, which Nest wants to know from a decorator. */
export function gatewayAt(path: string): Type<AtomeGateway> {
  class BoundGateway extends AtomeGateway {}
  WebSocketGateway({ path })(BoundGateway);
  return BoundGateway;
}
