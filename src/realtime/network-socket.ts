import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { framePayloads } from '../feed/ws-frame.js';

/**
 * The network's side of a WebSocket: ready frames go straight to it. `ws` frames each message by itself; bytes shared by many
 * readers would be built once for each of them. Where what is sent is compressed, they go through `ws` all the same.
 */
export class NetworkSocket {
  readonly raw: Socket;
  private readonly compressed: boolean;
  private drained: () => void = () => undefined;

  constructor(private readonly ws: WebSocket) {
    this.raw = (ws as unknown as { _socket: Socket })._socket;
    this.compressed = ws.extensions.includes('permessage-deflate');
  }

  /** Bytes written and not yet taken by the network. */
  get unsent(): number {
    return this.compressed ? this.ws.bufferedAmount : this.raw.writableLength;
  }

  /** Bytes that have come, the handshake included. */
  get received(): number {
    return this.raw.bytesRead;
  }

  /** @returns the function that ends it. */
  onReceived(listener: () => void): () => void {
    this.raw.on('data', listener);
    return () => this.raw.off('data', listener);
  }

  onDrain(listener: () => void): void {
    this.drained = listener;
    this.raw.on('drain', listener);
  }

  /** Writes whole frames while the WebSocket is open. */
  write(frames: Buffer): void {
    if (this.ws.readyState !== WebSocket.OPEN) return;
    if (!this.compressed) this.raw.write(frames);
    else for (const payload of framePayloads(frames)) this.ws.send(payload, { binary: false }, this.sent);
  }

  /** Compressed bytes are few: the network socket is never full, and so never says that it has drained. */
  private readonly sent = (): void => {
    if (this.ws.bufferedAmount === 0) this.drained();
  };
}
