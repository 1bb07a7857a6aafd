import { WebSocket } from 'ws';
import { textFrames } from '../feed/ws-frame.js';
import type { CloseCode, ServerMessage } from '../protocol/index.js';
import { HalfMessage } from './half-message.js';
import { Liveness } from './liveness.js';
import { NetworkSocket } from './network-socket.js';

/** How long a peer has to answer a close before its connection is cut, in milliseconds. */
const CLOSE_GRACE_MS = 2_000;

/** One WebSocket as the feed and the session write to it. */
export class ClientSocket {
  readonly liveness: Liveness;
  readonly closed: Promise<void>;
  /** What has come of a message that is not whole. */
  readonly half: HalfMessage;
  /** The frames that were written last, which others may be sent too. */
  newest: Buffer | undefined;
  private readonly network: NetworkSocket;
  /** Texts of this tick, in front of all that is written after them. */
  private answers: string[] = [];
  private terminateTimer: NodeJS.Timeout | undefined;

  constructor(private readonly ws: WebSocket) {
    this.network = new NetworkSocket(ws);
    this.half = new HalfMessage(ws, this.network.raw);
    this.closed = new Promise((resolve) => ws.once('close', () => resolve()));
    this.liveness = new Liveness(ws);
  }

  /** Bytes written and not yet taken by the network. */
  get unsent(): number {
    return this.network.unsent;
  }

  /** Bytes that have come, the handshake included. */
  get received(): number {
    return this.network.received;
  }

  get open(): boolean {
    return this.ws.readyState === WebSocket.OPEN;
  }

  /** @returns the function that ends it. */
  onReceived(listener: () => void): () => void {
    return this.network.onReceived(listener);
  }

  onDrain(listener: () => void): void {
    this.network.onDrain(listener);
  }

  /** Writes whole frames, made by {@link textFrames}. */
  write(frames: Buffer): void {
    this.flush();
    this.newest = frames;
    this.network.write(frames);
  }

  send(message: ServerMessage): void {
    this.write(textFrames([JSON.stringify(message)]));
  }

  /** Sends at the end of this tick, together with all others of it: the acks of one group are one write. */
  answer(message: ServerMessage): void {
    if (this.answers.push(JSON.stringify(message)) === 1) process.nextTick(() => this.flush());
  }

  private flush(): void {
    const { answers } = this;
    if (answers.length === 0) return;
    this.answers = [];
    this.network.write(textFrames(answers));
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
