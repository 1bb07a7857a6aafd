import { randomFrom } from '../models/random.js';

/** Chances that follow from a seed. Each part of a run has its own, so that one that asks more often changes no other. */
export class SimDice {
  readonly random: () => number;

  constructor(seed: number, part: string) {
    let mixed = seed >>> 0;
    for (let at = 0; at < part.length; at += 1) mixed = Math.imul(mixed ^ part.charCodeAt(at), 0x01000193) >>> 0;
    this.random = randomFrom(mixed);
  }

  isSo(share: number): boolean {
    return this.random() < share;
  }

  /** A whole number below another. */
  below(most: number): number {
    return Math.floor(this.random() * most);
  }

  oneOf<T>(all: readonly T[]): T {
    return all[this.below(all.length)]!;
  }

  /** A time that is mostly short and seldom long, in milliseconds: half of them are below the median, one in 16 is 8 times as long or longer. */
  ms(median: number): number {
    return median * (1 / (1 - this.random() * 0.999) - 1);
  }
}
