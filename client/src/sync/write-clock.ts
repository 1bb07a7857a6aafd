import type { AtomeEvent, Hlc } from '../../../src/protocol/index.js';
import { HybridClock, wallOf } from '../../../src/protocol/hlc.js';
import type { Place } from '../store/store.js';

/** A difference to the server's clock that the way of a message can explain counts as none, in milliseconds. */
const NOISE_MS = 1_000;

const MAX_COUNTER = 0xfff;

/**
 * Names writes by the local clock and stamps them by the server's: a name is given when the write is made, perhaps
 * offline; its stamp when it is first sent, when the difference of the two clocks is known. A clock that is hours
 * ahead or behind thus wins and loses like any other.
 */
export class WriteClock {
  /** How far the local clock is ahead; null while that is not known. */
  skewMs: number | null = null;
  private wall = 0;
  private counter = 0;
  private moment = 0;
  private readonly stamps = new HybridClock(randomHex(6), () => this.moment);

  constructor(private readonly now: () => number = Date.now) {}

  /** A name that sorts behind all names before it: a UUID version 7 with a counter (RFC 9562, method 1). */
  name(): string {
    this.advance(this.now(), -1);
    this.advance(this.wall + Number(this.counter === MAX_COUNTER), -1);
    this.counter += 1;
    const [time, random] = [hex(this.wall, 12), randomHex(8)];
    return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(this.counter, 3)}-8${random.slice(1, 4)}-${random.slice(4)}`;
  }

  /** No name may come before this one. */
  follow(opId: string): void {
    this.advance(timeOf(opId), parseInt(opId.slice(15, 18), 16));
  }

  /** A write was seen: what is written from here on is later than it. */
  saw(event: AtomeEvent): void {
    if (event.type === 'atome:left') return;
    const wall = event.type === 'atome:altered' ? wallOf(event.alteration.hlc) : Date.parse(event.timestamp);
    this.advance(wall + (this.skewMs ?? 0), MAX_COUNTER);
  }

  /** The stamp of a write, in the server's time; later than all stamps before it. */
  stamp(opId: string): Hlc {
    this.moment = Math.max(0, timeOf(opId) - (this.skewMs ?? 0));
    return this.stamps.tick();
  }

  /** Goes on where the last connection on this store stopped: no stamp may come before its newest. */
  goOn({ skewMs, stamp }: Pick<Place, 'skewMs' | 'stamp'>): void {
    this.skewMs = skewMs;
    if (stamp !== null) this.stamps.observe(stamp);
  }

  /** Compares the clocks. A known difference is kept as long as it explains what is measured. */
  measure(serverTimeMs: number): void {
    const measured = this.now() - serverTimeMs;
    if (Math.abs(measured - (this.skewMs ?? 0)) > NOISE_MS) this.skewMs = measured;
    this.skewMs ??= 0;
  }

  private advance(wall: number, counter: number): void {
    if (wall > this.wall) [this.wall, this.counter] = [wall, counter];
    else if (wall === this.wall) this.counter = Math.max(this.counter, counter);
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function randomHex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => hex(byte, 2)).join('');
}

/** When a write was named, by the local clock, in epoch milliseconds. */
export function timeOf(opId: string): number {
  return parseInt(opId.slice(0, 8) + opId.slice(9, 13), 16);
}
