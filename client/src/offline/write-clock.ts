import type { AtomeEvent, Hlc } from '../../../src/protocol/index.js';
import { formatHlc, HybridClock, MAX_COUNTER, wallOf } from '../../../src/protocol/hlc.js';
import type { Checkpoint } from '../storage/store.js';

/** A difference to the server's clock that the way of a message can explain counts as none, in milliseconds. */
const NOISE_MS = 1_000;

/**
 * Names writes by the local clock and stamps them by the server's: a name is given when the write is made, perhaps
 * offline; its stamp when it is first sent, when the difference of the two clocks is known. A clock that is hours
 * ahead or behind thus wins and loses like any other.
 */
export interface WriteClock {
  /** How far the local clock is ahead; null while that is not known. */
  skewMs: number | null;
  /** A name that sorts behind all names before it: a UUID version 7 with a counter (RFC 9562, method 1). */
  name(): string;
  /** No name may come before this one. */
  follow(opId: string): void;
  /** A write was seen: what is written from here on is later than it. */
  saw(event: AtomeEvent): void;
  /** The stamp of a write, in the server's time; later than all stamps before it. */
  readonly stamp: (opId: string) => Hlc;
  /** Goes on where the last connection on this store stopped: no stamp may come before its newest. */
  goOn(checkpoint: Pick<Checkpoint, 'skewMs' | 'stamp'>): void;
  /** Compares the clocks. A known difference is kept as long as it explains what is measured. */
  measure(serverTimeMs: number): void;
}

export function createWriteClock(now: () => number = Date.now): WriteClock {
  let moment = 0;
  const names = new HybridClock('', now);
  const stamps = new HybridClock(randomHex(6), () => moment);

  const clock: WriteClock = {
    skewMs: null,
    name() {
      const tick = names.tick();
      const [time, random] = [wallOf(tick).toString(16).padStart(12, '0'), randomHex(7)];
      const counter = `7${tick.slice(16, 19)}-8${tick.slice(19, 20)}${random.slice(0, 2)}`;
      return `${time.slice(0, 8)}-${time.slice(8)}-${counter}-${random.slice(2)}`;
    },
    follow: (opId) => names.observe(formatHlc(timeOf(opId), parseInt(opId.slice(15, 18) + opId.slice(20, 21), 16), '')),
    saw(event) {
      if (event.type === 'atome:left') return;
      const wall = event.type === 'atome:altered' ? wallOf(event.alteration.hlc) : Date.parse(event.timestamp);
      names.observe(formatHlc(wall + (clock.skewMs ?? 0), MAX_COUNTER, ''));
    },
    stamp(opId) {
      moment = Math.max(0, timeOf(opId) - (clock.skewMs ?? 0));
      return stamps.tick();
    },
    goOn({ skewMs, stamp }) {
      clock.skewMs = skewMs;
      if (stamp !== null) stamps.observe(stamp);
    },
    measure(serverTimeMs) {
      const measured = now() - serverTimeMs;
      if (Math.abs(measured - (clock.skewMs ?? 0)) > NOISE_MS) clock.skewMs = measured;
      clock.skewMs ??= 0;
    },
  };
  return clock;
}

function randomHex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );
}

/** When a write was named, by the local clock, in epoch milliseconds. */
export function timeOf(opId: string): number {
  return parseInt(opId.slice(0, 8) + opId.slice(9, 13), 16);
}
