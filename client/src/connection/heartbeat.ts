import { createTimer } from '../core/timer.js';

export interface HeartbeatRules {
  /** Time between two pings, in milliseconds. */
  readonly heartbeatMs: number;
  /** How long an answer may take, in milliseconds. */
  readonly answerMs: number;
}

/** Finds a connection that is open by name only. Anything heard counts as an answer: a long replay delays pongs. */
export interface Heartbeat {
  start(): void;
  stop(): void;
  heard(): void;
  /** Asks now instead of at the next beat. */
  readonly probe: () => void;
}

/** @param lost called when nothing came in time. */
export function createHeartbeat(
  { heartbeatMs, answerMs }: HeartbeatRules,
  ping: () => void,
  lost: () => void,
): Heartbeat {
  const timer = createTimer();
  let asked = false;

  function start(): void {
    asked = false;
    timer.start(heartbeatMs, probe);
  }

  function stop(): void {
    asked = false;
    timer.stop();
  }

  function probe(): void {
    if (asked) return;
    asked = true;
    timer.start(answerMs, lost);
    ping();
  }

  function heard(): void {
    if (asked) start();
  }

  return { start, stop, heard, probe };
}
