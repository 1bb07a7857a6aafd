import type { Timer } from './timer.js';

export interface HeartbeatRules {
  /** Time between two pings, in milliseconds. */
  readonly everyMs: number;
  /** How long an answer may take, in milliseconds. */
  readonly answerMs: number;
}

/** What a heartbeat needs of its connection. */
export interface HeartbeatPort {
  ping(): void;
  /** Nothing came in time. */
  lost(): void;
}

/** Finds a connection that is open by name only. Anything heard counts as an answer: a long replay delays pongs. */
export class Heartbeat {
  private waiting = false;

  constructor(
    private readonly rules: HeartbeatRules,
    private readonly timer: Timer,
    private readonly port: HeartbeatPort,
  ) {}

  start(): void {
    this.waiting = false;
    this.timer.start(this.rules.everyMs, () => this.probe());
  }

  stop(): void {
    this.waiting = false;
    this.timer.stop();
  }

  heard(): void {
    if (this.waiting) this.start();
  }

  /** Asks now instead of at the next beat. */
  probe(): void {
    if (this.waiting) return;
    this.waiting = true;
    this.timer.start(this.rules.answerMs, () => this.port.lost());
    this.port.ping();
  }
}
