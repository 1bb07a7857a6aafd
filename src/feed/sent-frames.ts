/** How many of the last frames are known. */
const KEPT = 16;

/** A frame as it was sent. */
export interface SentFrame {
  /** Which one of its reader it was, from 1 on. */
  readonly number: number;
  /** The cursor that the reader had before; null where that is not known any more. */
  readonly from: number | null;
  readonly to: number;
  /** In epoch milliseconds. */
  readonly at: number;
}

let turn = 0;
const forget = (): void => void (turn = 0);

/** The time, asked once in each turn of the event loop: thousands of readers are written to in one. */
function timeOfTurn(): number {
  if (turn === 0) {
    turn = Date.now();
    setImmediate(forget).unref();
  }
  return turn;
}

/** The last frames of one reader, as numbers: up to where each led, and when. */
export class SentFrames {
  private readonly numbers = new Float64Array(2 * KEPT);
  /** How many there have been. */
  count = 0;

  note(to: number): void {
    const at = 2 * (this.count % KEPT);
    this.numbers[at] = to;
    this.numbers[at + 1] = timeOfTurn();
    this.count += 1;
  }

  /** The frame that held a seq; undefined where that is not known any more. */
  holding(seq: number): SentFrame | undefined {
    for (const frame of this.newestFirst()) {
      if (frame.to < seq) return undefined;
      if (frame.from !== null ? frame.from < seq : frame.number === 1) return frame;
    }
    return undefined;
  }

  /** Up to where frames led that were sent at a time or before; undefined where that is not known. */
  upTo(time: number): number | undefined {
    for (const { to, at } of this.newestFirst()) if (at <= time) return to;
    return undefined;
  }

  private *newestFirst(): Generator<SentFrame> {
    for (let number = this.count; number > Math.max(0, this.count - KEPT); number -= 1) {
      const at = 2 * ((number - 1) % KEPT);
      const isBeforeKnown = number - 1 > Math.max(0, this.count - KEPT);
      const before = 2 * ((number - 2 + KEPT) % KEPT);
      yield {
        number,
        from: isBeforeKnown ? this.numbers[before]! : null,
        to: this.numbers[at]!,
        at: this.numbers[at + 1]!,
      };
    }
  }
}
