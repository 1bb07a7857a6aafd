import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { framePayloads, textFrames } from '../feed/ws-frame.js';
import type { CloseCode, ServerMessage } from '../protocol/index.js';
import { HalfMessage } from './half-message.js';

/** How long a peer has to answer a close before its connection is cut, in milliseconds. */
const CLOSE_GRACE_MS = 2_000;

/**
 * One WebSocket as the feed and the session write to it: ready frames, straight to the network socket. `ws`
 * frames each message by itself; bytes shared by many readers would be built once for each of them.
 */
export class ClientSocket {
  private readonly raw: Socket;
  private readonly compressed: boolean;
  private drained: () => void = () => undefined;
  /** Texts of this tick, in front of all that is written after them. */
  private answers: string[] = [];
  private terminateTimer: NodeJS.Timeout | undefined;
  private isAlive = true;
  private pingedAt = 0;
  /** The other end has answered to whatever was written before: epoch milliseconds, 0 where it has not answered yet. */
  heardUpTo = 0;
  readonly closed: Promise<void>;
  /** What has come of a message that is not whole. */
  readonly half: HalfMessage;
  /** The frames that were written last, which others may be sent too. */
  newest: Buffer | undefined;

  constructor(private readonly ws: WebSocket) {
    this.raw = (ws as unknown as { _socket: Socket })._socket;
    this.half = new HalfMessage(ws, this.raw);
    this.compressed = ws.extensions.includes('permessage-deflate');
    this.closed = new Promise((resolve) => ws.once('close', () => resolve()));
    const heard = (): void => void (this.isAlive = true);
    ws.on('message', heard).on('pong', heard);
    ws.on('pong', () => (this.heardUpTo = this.pingedAt));
  }

  /** Bytes written and not yet taken by the network. */
  get unsent(): number {
    return this.compressed ? this.ws.bufferedAmount : this.raw.writableLength;
  }

  /** Bytes that have come, the handshake included. */
  get received(): number {
    return this.raw.bytesRead;
  }

  get open(): boolean {
    return this.ws.readyState === WebSocket.OPEN;
  }

  /** Whether a message or a pong has come since it was last asked. */
  wasAlive(): boolean {
    const { isAlive } = this;
    this.isAlive = false;
    return isAlive;
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

  /** Writes whole frames, made by {@link textFrames}. */
  write(frames: Buffer): void {
    this.flush();
    this.newest = frames;
    this.put(frames);
  }

  private put(frames: Buffer): void {
    if (!this.open) return;
    if (!this.compressed) this.raw.write(frames);
    else for (const payload of framePayloads(frames)) this.ws.send(payload, { binary: false }, this.sent);
  }

  /** Compressed bytes are few: the network socket is never full, and so never says that it has drained. */
  private readonly sent = (): void => {
    if (this.ws.bufferedAmount === 0) this.drained();
  };

  send(message: ServerMessage): void {
    this.write(textFrames([JSON.stringify(message)]));
  }

  /** Sends at the end of this tick, together with all others of it: the acks of one group are one write. */
  answer(message: ServerMessage): void {
    if (this.answers.push(JSON.stringify(message)) === 1) process.nextTick(this.flush);
  }

  private readonly flush = (): void => {
    const { answers } = this;
    if (answers.length === 0) return;
    this.answers = [];
    this.put(textFrames(answers));
  };

  ping(): void {
    if (!this.open) return;
    this.pingedAt = Date.now();
    this.ws.ping();
  }

  pause(): void {
    this.ws.pause();
  }

  resume(): void {
    this.ws.resume();
  }

  /** Says goodbye, and cuts the connection when the peer does not answer. */
  close(code: CloseCode, reason: string): void {
    if (this.terminateTimer || this.ws.readyState === WebSocket.CLOSED) return;
    this.flush();
    this.ws.close(code, reason);
    this.terminateTimer = setTimeout(() => this.ws.terminate(), CLOSE_GRACE_MS);
    this.ws.once('close', () => clearTimeout(this.terminateTimer));
  }
}
