import { WsAdapter } from '@nestjs/platform-ws';
import { Logger } from '@nestjs/common';
import type { WebSocketServer } from 'ws';

type Bind = WsAdapter['bindMessageHandlers'];

/**
 * Nest's adapter for `ws`, without the second decoding of every message that it does for gateways with
 * handlers: ours reads its messages itself.
 */
export class AtomeWsAdapter extends WsAdapter {
  private readonly socketLogger = new Logger('WebSocket');

  override bindMessageHandlers(...[client, handlers, transform]: Parameters<Bind>): void {
    if (handlers.length > 0) super.bindMessageHandlers(client, handlers, transform);
  }

  /** A client's broken frame is the client's fault, not an error of the server. */
  override bindErrorHandler(server: WebSocketServer): WebSocketServer {
    server.on('connection', (ws) => ws.on('error', (error) => this.socketLogger.debug(error.message)));
    server.on('error', (error) => this.socketLogger.error(error));
    return server;
  }
}
