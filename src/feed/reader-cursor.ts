import { SentFrames } from './sent-frames.js';

/** How far a reader has come, and what it was sent. */
export class ReaderCursor {
  /** The cursor that the client has. */
  sent: number;
  /** How far the log has been shown to it or hidden from it, and the chain hash there. */
  position: number;
  hash: string | undefined;
  readonly frames = new SentFrames();
  /** undefined since the last tick: nobody asks the time for each frame of each reader. */
  private writtenAt: number | undefined = 0;

  constructor(
    since: number,
    readonly replayTo: number,
  ) {
    this.sent = since;
    this.position = since;
  }

  /** Whether the client has an earlier cursor, for what was hidden from it. */
  get isBehind(): boolean {
    return this.sent < this.position;
  }

  /** What was shown up to here has been sent. */
  wrote(): void {
    this.sent = this.position;
    this.frames.note(this.position);
    this.writtenAt = undefined;
  }

  /** The client has been told how far it is. @param inFrame whether that took a frame. */
  told(now: number, inFrame: boolean): void {
    this.sent = this.position;
    this.writtenAt = now;
    if (inFrame) this.frames.note(this.position);
  }

  /** Begins anew at a seq. */
  jump(seq: number): void {
    this.position = seq;
    this.sent = seq;
  }

  /** For how long nothing has been written, in milliseconds; to be asked about once a second. */
  idleMs(now: number): number {
    this.writtenAt ??= now;
    return now - this.writtenAt;
  }
}
