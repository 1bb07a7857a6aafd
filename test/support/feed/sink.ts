import type { Sink } from '../../../src/feed/reader.js';
import { framePayloads } from '../../../src/feed/ws-frame.js';
import type { AtomeEvent, WholeFrame, ResetReason } from '../../../src/protocol/index.js';

/** A reader's far end, which takes what it is given at once, or when a spec lets it. */
export class TestSink implements Sink {
  readonly buffers: Buffer[] = [];
  readonly lives: number[] = [];
  readonly resets: { readonly reason: ResetReason; readonly head: number }[] = [];
  private pending = 0;
  private flowing = true;

  get unsent(): number {
    return this.pending;
  }

  /** Takes nothing more. */
  block(): void {
    this.flowing = false;
  }

  /** Takes what is waiting, and all that comes. */
  flow(): void {
    this.flowing = true;
    this.pending = 0;
  }

  write(bytes: Buffer): void {
    this.buffers.push(bytes);
    if (!this.flowing) this.pending += bytes.length;
  }

  live(seq: number): void {
    this.lives.push(seq);
  }

  reset(reason: ResetReason, _epoch: string, head: number): void {
    this.resets.push({ reason, head });
  }

  /** What a range reader was sent. */
  get frames(): WholeFrame[] {
    return this.parsed() as WholeFrame[];
  }

  /** What a plain reader was sent. */
  get events(): AtomeEvent[] {
    return this.parsed() as AtomeEvent[];
  }

  /** Each frame as `from-to: seqs`. */
  get ranges(): string[] {
    return this.frames.map(({ from, to, events }) => `${from}-${to}: ${events.map(({ seq }) => seq).join()}`);
  }

  private parsed(): unknown[] {
    return this.buffers.flatMap((bytes) =>
      [...framePayloads(bytes)].map((each) => JSON.parse(each.toString()) as unknown),
    );
  }
}
