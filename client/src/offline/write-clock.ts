import type { AtomeEvent, Hlc } from '../../../src/protocol/index.js';
import { formatHlc, wallOf } from '../../../src/protocol/hlc.js';
import { randomHex } from '../core/random-hex.js';
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

/** A moment: milliseconds, and below them 16 bits that count what is in the same one. */
function momentAt(ms: number): bigint {
  return BigInt(Math.floor(ms) || 0) << 16n;
}

function latest(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}

export function createWriteClock(now: () => number = Date.now): WriteClock {
  const node = randomHex();
  /** Of the newest name, and of the newest stamp. */
  let [named, stamped] = [0n, 0n];

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
    stamp(opId) {
      stamped = latest(stamped + 1n, momentAt(Math.max(0, timeOf(opId) - (clock.skewMs ?? 0))));
      return formatHlc(Number(stamped >> 16n), Number(stamped & 0xffffn), node);
    },
    goOn({ skewMs, stamp }) {
      clock.skewMs = skewMs;
      if (stamp) stamped = latest(stamped, momentAt(wallOf(stamp) + 1));
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
