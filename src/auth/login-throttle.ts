import { AtomeError } from '../protocol/index.js';
import { Failures } from './failures.js';

const WINDOW_MS = 15 * 60_000;
/** How long each attempt on an account waits that many addresses guess at. */
const DELAY_MS = 2_000;

/**
 * Slows guessing down without locking anybody out: an address that fails at an account is refused there, and one that
 * fails everywhere is refused everywhere; the owner comes in from another address. An account that many addresses
 * guess at is not refused to anybody, only slower. In memory: each server counts for itself.
 */
export class LoginThrottle {
  private readonly pairs = new Failures(10, WINDOW_MS);
  private readonly addresses = new Failures(100, WINDOW_MS);
  private readonly accounts = new Failures(100, WINDOW_MS);
  private readonly registrations = new Failures(300, WINDOW_MS);

  constructor(private readonly now: () => number = Date.now) {}

  /** @throws AtomeError `rate_limited` */
  check(identifier: string, address: string): void {
    const now = this.now();
    refuse(Math.max(this.pairs.waitMs(pairOf(identifier, address), now), this.addresses.waitMs(address, now)));
  }

  /** How long an attempt must wait, in milliseconds. */
  delayOf(identifier: string): number {
    return this.accounts.waitMs(identifier, this.now()) > 0 ? DELAY_MS : 0;
  }

  /**
   * An attempt is a failure until it has succeeded, so that many at once are not more than one after the other.
   * @returns to be called on success.
   */
  begin(identifier: string, address: string): () => void {
    this.check(identifier, address);
    const now = this.now();
    const pair = pairOf(identifier, address);
    this.pairs.add(pair, now);
    this.addresses.add(address, now);
    this.accounts.add(identifier, now);
    return () => {
      this.pairs.clear(pair);
      this.addresses.takeBack(address, now);
      this.accounts.takeBack(identifier, now);
    };
  }

  /** @throws AtomeError `rate_limited` */
  register(address: string): void {
    const now = this.now();
    refuse(this.registrations.waitMs(address, now));
    this.registrations.add(address, now);
  }
}

function refuse(retryAfter: number): void {
  if (retryAfter === 0) return;
  const seconds = Math.ceil(retryAfter / 1_000);
  throw new AtomeError('rate_limited', `too many attempts from your address; try again in ${seconds} s`, {
    retryAfter,
  });
}

function pairOf(identifier: string, address: string): string {
  return `${address} ${identifier}`;
}
