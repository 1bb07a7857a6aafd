import type { IncomingMessage } from 'node:http';
import { Logger } from '@nestjs/common';
import type { WebSocket } from 'ws';
import { requestIdOf } from '../http/request-id.js';
import type { Principal } from '../protocol/index.js';

/** Who is connected: nobody may be known at first. */
interface Connected {
  readonly clientId: string;
  readonly principal: Principal | undefined;
}

/** Two lines of level info for each WebSocket, in the context of those of requests: when it opens, and what came of it. */
export class SocketAccessLog {
  private readonly logger = new Logger('access');

  /** @param isOn whether there are lines. */
  constructor(public isOn: boolean) {}

  /** Writes the lines of one that has just been opened. */
  follow(ws: WebSocket, request: IncomingMessage, session: Connected): void {
    if (!this.isOn) return;
    const { socket } = request;
    const began = performance.now();
    const about = { requestId: requestIdOf(request), clientId: session.clientId };
    let messages = 0;
    ws.on('message', () => (messages += 1));
    ws.once('close', (code) => {
      const { principal } = session;
      this.logger.log({
        webSocket: 'closed',
        ...about,
        code,
        ms: Math.round(performance.now() - began),
        messages,
        receivedBytes: socket.bytesRead,
        sentBytes: socket.bytesWritten,
        principal: principal?.id,
        tenant: principal?.tenant,
      });
    });
    this.logger.log({ webSocket: 'opened', ...about });
  }
}
