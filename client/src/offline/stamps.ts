import type { Hlc } from '../../../src/protocol/index.js';
import { formatHlc, wallOf } from '../../../src/protocol/hlc.js';
import { randomHex } from '../core/random-hex.js';
import { latest, momentAt, timeOf, type WriteClock } from './write-clock.js';

/** Stamps writes in the server's time. */
export interface Stamps {
  /** The stamp of a write, in the server's time; later than all stamps before it. */
  readonly stamp: (opId: string) => Hlc;
  /** No stamp may come before this one. */
  readonly follow: (stamp: Hlc) => void;
}

/** @param clock knows how far the local clock is ahead. */
export function createStamps(clock: Pick<WriteClock, 'skewMs'>): Stamps {
  const node = randomHex();
  let stamped = 0n;
  return {
    stamp(opId) {
      stamped = latest(stamped + 1n, momentAt(Math.max(0, timeOf(opId) - (clock.skewMs ?? 0))));
      return formatHlc(Number(stamped >> 16n), Number(stamped & 0xffffn), node);
    },
    follow(stamp) {
      stamped = latest(stamped, momentAt(wallOf(stamp) + 1));
    },
  };
}
