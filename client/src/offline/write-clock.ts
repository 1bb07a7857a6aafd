import type { AtomeEvent } from '../../../src/protocol/index.js';
import { wallOf } from '../../../src/protocol/hlc.js';
import { randomHex } from '../core/random-hex.js';

/** A difference to the server's clock that the way of a message can explain counts as none, in milliseconds. */
const NOISE_MS = 1_000;

/**
 * Names writes by the local clock. They are stamped by the server's (`stamps.ts`): a name is given when the write is
 * made, perhaps offline; its stamp when it is first sent, when the difference of the two clocks is known. A clock that is
 * hours ahead or behind thus wins and loses like any other.
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
  /** Compares the clocks. A known difference is kept as long as it explains what is measured. */
  measure(serverTimeMs: number): void;
}

/** A moment, as a number that sorts: milliseconds, and below them 16 bits that count what is in the same one. */
export function momentAt(ms: number): bigint {
  return BigInt(Math.floor(ms) || 0) << 16n;
}

/** The later of two moments. */
export function latest(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}

export function createWriteClock(now: () => number = Date.now): WriteClock {
  /** Of the newest name. */
  let named = 0n;

  function nameAfter(ms: number): void {
    named = latest(named, momentAt(ms + 1));
  }

  const clock: WriteClock = {
    skewMs: null,
    name() {
      named = latest(named + 1n, momentAt(now()));
      const digits = named.toString(16).padStart(16, '0') + randomHex();
      return digits.replace(/(.{8})(....)(...)(...)/, '$1-$2-7$3-8$4-');
    },
    follow: (opId) => nameAfter(timeOf(opId)),
    saw(event) {
      if (event.type === 'atome:left') return;
      const wall = event.type === 'atome:altered' ? wallOf(event.alteration.hlc) : Date.parse(event.timestamp);
      nameAfter(wall + (clock.skewMs ?? 0));
    },
    measure(serverTimeMs) {
      const measured = now() - serverTimeMs;
      if (Math.abs(measured - (clock.skewMs ?? 0)) > NOISE_MS) clock.skewMs = measured;
      clock.skewMs ??= 0;
    },
  };
  return clock;
}

/** When a write was named, by the local clock, in epoch milliseconds. */
export function timeOf(opId: string): number {
  return parseInt(opId.slice(0, 8) + opId.slice(9, 13), 16);
}
