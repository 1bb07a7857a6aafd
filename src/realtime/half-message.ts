import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { HeldBytes, type HalfMessageCharge } from './held-bytes.js';

/** What comes at once of a message is not counted. */
const FREE_BYTES = 64 * 1024;
/** A client masks its frames, and control frames have the shortest header (RFC 6455 §5.2, §5.5), in bytes. */
const CONTROL_HEADER_BYTES = 6;
/** How long a message may take to arrive, in milliseconds, while it is listened for. */
const WHOLE_MS = 60_000;

/**
 * What has come of a message that is not whole, whether its frame or its last fragment is missing: `ws` holds it, and says
 * nothing of it. So the bytes of the network are counted, without those of control frames, which may come in between.
 */
export class HalfMessage {
  /** undefined until somebody is charged. */
  private held: HeldBytes | undefined;
  /** Bytes of the network up to which there is nothing but whole messages. */
  private wholeTo: number;
  private controlBytes = 0;
  private waitedMs = 0;

  constructor(
    private readonly ws: WebSocket,
    private readonly raw: Socket,
  ) {
    this.wholeTo = raw.bytesRead;
    const control = ({ length }: Buffer): void => void (this.controlBytes += length + CONTROL_HEADER_BYTES);
    ws.on('message', this.whole).on('ping', control).on('pong', control).once('close', this.whole);
  }

  /** About how many bytes have come. */
  get bytes(): number {
    return Math.max(0, this.raw.bytesRead - this.wholeTo - this.controlBytes);
  }

  /** Charges what comes from here on. */
  chargeTo(charge: HalfMessageCharge): void {
    this.held = new HeldBytes(charge);
    // behind the listener of `ws`: what this chunk has completed has been told already
    this.raw.on('data', this.hold);
  }

  /**
   * To be asked now and then: whether a message is too late.
   * @param ms since it was asked before; they do not count while the socket is not read.
   */
  isLate(ms: number): boolean {
    if (this.bytes === 0) this.waitedMs = 0;
    else if (!this.ws.isPaused) this.waitedMs += ms;
    return this.waitedMs >= WHOLE_MS;
  }

  private readonly whole = (): void => {
    this.wholeTo = this.raw.bytesRead;
    this.controlBytes = 0;
    this.waitedMs = 0;
    this.held?.release();
  };

  private readonly hold = (): void => {
    const { bytes } = this;
    if (bytes > FREE_BYTES) this.held!.growTo(bytes);
  };
}
