import { Injectable } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { AbstractWsAdapter } from '@nestjs/websockets';

const HELP =
  'call app.useWebSocketAdapter(new AtomeWsAdapter(app)) before the application starts, or leave the WebSocket out with ws: false';

/** Stands where an application has to put an adapter: Nest would look for Socket.IO there, and end the process without it. */
class NoAdapter extends AbstractWsAdapter {
  override create(): never {
    throw new Error(`AtomeModule has a WebSocket, and this application no adapter for it: ${HELP}`);
  }

  override bindMessageHandlers(): void {
    // nothing is created that could have any
  }
}

/** Sees to it that an application without an adapter is told so. */
@Injectable()
export class SocketAdapter {
  constructor(application: ApplicationConfig) {
    // made before the application can bring its own, which takes the place of this one
    if (!(application.getIoAdapter() as object | null)) application.setIoAdapter(new NoAdapter());
  }
}

/** Whether it is a server of `ws`; that of Socket.IO speaks a protocol of its own. */
export function assertSpeaksWebSocket(server: object): void {
  if ('handleUpgrade' in server) return;
  throw new Error(`AtomeModule needs an adapter of the library "ws", and this application has one of another: ${HELP}`);
}
