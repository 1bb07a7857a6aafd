import { constants } from 'node:os';
import { SAME_SIGNAL_MS } from '../config/same-signal.js';

/** What the signals that end a process do. They are listened to from its first moment on: one that has come is not lost. */
export interface StopSignals {
  onStop: (signal: NodeJS.Signals) => void;
}

/** Ends a process in order where it has begun, and at once while it starts, or when a second signal comes. */
export class Stops {
  /** Lets it finish what it has accepted, and ends it; undefined while it starts. */
  run: (() => Promise<void>) | undefined;
  /** Before it ends at once. */
  atOnce: () => void = () => undefined;
  private first: NodeJS.Timeout | undefined;
  private isStopping = false;

  /**
   * @param say is told that the end begins.
   * @param fail is told why it cannot end in order, and ends the process.
   */
  constructor(
    signals: StopSignals,
    private readonly say: (line: string) => void,
    private readonly fail: (error: unknown) => void,
  ) {
    signals.onStop = (signal) => this.take(signal);
  }

  /** Ends it in order, unless that has begun. */
  begin(): void {
    if (this.isStopping) return;
    clearTimeout(this.first);
    this.isStopping = true;
    this.run?.().catch(this.fail);
  }

  private take(signal: NodeJS.Signals): void {
    if (!this.run || this.isStopping) {
      this.atOnce();
      // as a shell tells of a process that a signal has ended
      process.exit(128 + constants.signals[signal]);
    }
    this.first ??= setTimeout(() => {
      this.say(`${signal}: finishing what was accepted, then stopping; once more stops at once`);
      this.begin();
    }, SAME_SIGNAL_MS);
  }
}
