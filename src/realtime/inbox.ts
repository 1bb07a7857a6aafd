import { setImmediate } from 'node:timers/promises';
import type { TokenBucket } from '../auth/admission/token-bucket.js';
import { elapse } from '../ledger/elapse.js';
import { TurnSlice } from './turn-slice.js';

/** A text frame; null stands for a binary one. */
export type Frame = string | null;

/** Frames and characters waiting, above which it is full. */
const MAX_FRAMES = 256;
const MAX_CHARS = 256 * 1024;
/** Frames of each connection that are taken in a turn of the event loop, whatever the others send. */
const IN_A_ROW = 16;

/** Many connections may have an inbox that is full. */
const TURN = new TurnSlice();

/** What a client has sent: taken one after the other, in the order it came, and no faster than allowed. */
export class Inbox {
  /** Frames, and whoever waits for those in front of them to be taken. */
  private readonly waiting: (Frame | (() => void))[] = [];
  private chars = 0;
  private isBusy = true;
  private isFinishing = false;

  /** @param handle handles one frame; may not reject. */
  constructor(
    private readonly bucket: TokenBucket,
    private readonly handle: (frame: Frame) => Promise<void>,
    private readonly slice = TURN,
  ) {}

  /** Whether no more should be read for now. */
  get isFull(): boolean {
    return this.waiting.length >= MAX_FRAMES || this.chars >= MAX_CHARS;
  }

  push(frame: Frame): void {
    this.waiting.push(frame);
    this.chars += frame?.length ?? 0;
    if (!this.isBusy) void this.drain();
  }

  /** Charges what was not taken from here, or costs more than a message. @returns milliseconds until that is paid. */
  charge(tokens: number): number {
    return this.bucket.take(performance.now(), tokens);
  }

  /** Resolves when all that has come until now has been taken: as fast as it can be, since no more is to come. */
  finish(): Promise<void> {
    this.isFinishing = true;
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      if (!this.isBusy) void this.drain();
    });
  }

  /** Begins to take; until then what comes waits. */
  async drain(): Promise<void> {
    this.isBusy = true;
    let taken = 0;
    for (let frame = this.waiting.shift(); frame !== undefined; frame = this.waiting.shift()) {
      if (typeof frame === 'function') {
        frame();
        continue;
      }
      const wait = this.bucket.take(performance.now());
      if (wait > 0 && !this.isFinishing) await elapse(wait, { ref: false });
      this.chars -= frame?.length ?? 0;
      await this.handle(frame);
      if ((taken += 1) % IN_A_ROW === 0 && this.slice.isOver) await setImmediate();
    }
    this.isBusy = false;
  }
}
