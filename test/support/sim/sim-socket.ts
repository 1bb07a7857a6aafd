import { EventEmitter } from 'node:events';
import { framePayloads } from '../../../src/feed/ws-frame.js';
import type { SimLink } from './sim-network.js';

const [OPEN, CLOSING, CLOSED] = [1, 2, 3];
/** Unsent bytes from which on a socket tells when it has drained. */
const HIGH_WATER = 1_024;
/** Bytes of a masked control frame without a payload. */
const CONTROL_BYTES = 6;

/** The network socket below, as far as it is asked. */
class RawSocket extends EventEmitter {
  bytesRead = 0;
  writableLength = 0;
  private needsDrain = false;

  constructor(private readonly link: SimLink) {
    super();
  }

  write(frames: Buffer): void {
    const { link } = this;
    this.writableLength += frames.length;
    if (this.writableLength >= HIGH_WATER) this.needsDrain = true;
    let left = frames.length;
    const texts = [...framePayloads(frames)].map(String);
    texts.forEach((text, at) => {
      const bytes = at === texts.length - 1 ? left : Buffer.byteLength(text);
      left -= bytes;
      let isTaken = false;
      link.sendDown(text, () => {
        if (!isTaken) this.taken(bytes);
        isTaken = true;
      });
    });
  }

  private taken(bytes: number): void {
    this.writableLength -= bytes;
    if (this.writableLength > 0 || !this.needsDrain) return;
    this.needsDrain = false;
    this.link.network.schedule.after(0, () => this.emit('drain'), { actor: this.link.node });
  }
}

/** The node's end of a connection, as `ws` has it. */
export class SimSocket extends EventEmitter {
  readyState = OPEN;
  readonly extensions = '';
  isPaused = false;
  readonly _socket: RawSocket;
  /** What has come while it was paused. */
  private readonly held: (() => void)[] = [];

  constructor(private readonly link: SimLink) {
    super();
    this._socket = new RawSocket(link);
  }

  get isClosed(): boolean {
    return this.readyState === CLOSED;
  }

  get clientName(): string {
    return this.link.client.name;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    // what comes of one may pause it again
    const isOpen = (): boolean => !this.isPaused;
    while (isOpen() && this.held.length > 0) this.held.shift()!();
  }

  ping(): void {
    this.link.ping();
  }

  close(code: number, reason: string): void {
    if (this.readyState !== OPEN) return;
    this.readyState = CLOSING;
    this.link.closeDown(code, reason);
  }

  terminate(): void {
    if (this.readyState === CLOSED) return;
    this.link.silence();
    this.link.tellClient();
    this.ended(1006);
  }

  /** A text has come. */
  take(text: string): void {
    const data = Buffer.from(text);
    this.arrived(data.length, () => this.emit('message', data, false));
  }

  pong(): void {
    this.arrived(CONTROL_BYTES, () => this.emit('pong', Buffer.alloc(0)));
  }

  /** It is over. */
  ended(code: number): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    this.emit('close', code, Buffer.alloc(0));
  }

  private arrived(bytes: number, tell: () => void): void {
    const arrive = (): void => {
      this._socket.bytesRead += bytes;
      tell();
      this._socket.emit('data', Buffer.alloc(0));
    };
    if (this.readyState === CLOSED) return;
    if (this.isPaused || this.held.length > 0) this.held.push(arrive);
    else arrive();
  }
}
