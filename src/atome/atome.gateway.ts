import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Injectable, Logger, type Type } from '@nestjs/common';
import { WebSocketGateway, type OnGatewayConnection, type OnGatewayInit } from '@nestjs/websockets';
import type { VerifyClientCallbackAsync, WebSocket, WebSocketServer } from 'ws';
import { AccessPolicy } from '../auth/authorization/access-policy.js';
import { Authenticator } from '../auth/authentication/authenticator.js';
import { addressOf } from '../auth/admission/client-address.js';
import { CredentialExtractor } from '../auth/authentication/credential-extractor.js';
import { Perimeter } from '../auth/admission/perimeter.js';
import { ConnectionLimiter } from '../auth/admission/connection-limiter.js';
import { Feed } from '../feed/feed.js';
import { errorLog } from '../http/error-log.js';
import { ResolvedOptions } from '../config/module-options.js';
import { retryAfterOf } from '../http/problem.js';
import { ConnectionRegistry } from '../realtime/connection-registry.js';
import { Session } from '../realtime/session.js';
import { AcknowledgedWrites } from '../application/acknowledged-writes.js';

/** The WebSocket gateway: each connection gets a {@link Session}. */
@Injectable()
export class AtomeGateway implements OnGatewayInit<WebSocketServer>, OnGatewayConnection<WebSocket> {
  private readonly logger = new Logger('WebSocket');

  constructor(
    private readonly feed: Feed,
    private readonly writes: AcknowledgedWrites,
    private readonly connectionRegistry: ConnectionRegistry,
    private readonly authenticator: Authenticator,
    private readonly accessPolicy: AccessPolicy,
    private readonly credentialExtractor: CredentialExtractor,
    private readonly connectionLimiter: ConnectionLimiter,
    private readonly perimeter: Perimeter,
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
  }

  /** Who is refused here gets no WebSocket, only an HTTP answer. */
  private readonly verify: VerifyClientCallbackAsync = ({ req }, answer) => {
    const refusal =
      this.perimeter.refusalOfHandshake(req) ?? this.connectionLimiter.refusal(addressOf(req, this.options.proxies));
    if (!refusal) return answer(true);
    this.logger.debug(`refused a WebSocket: ${refusal.message}`);
    const wait = retryAfterOf(refusal);
    answer(false, refusal.status, refusal.message, wait === undefined ? {} : { 'Retry-After': wait });
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
