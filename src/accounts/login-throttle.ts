import { siteOf } from '../auth/admission/client-address.js';
import { AtomeError } from '../protocol/index.js';
import { SlidingWindowCounter } from './sliding-window-counter.js';

const WINDOW_MS = 15 * 60_000;
/** How long each attempt on an account waits that many addresses guess at. */
const DELAY_MS = 2_000;

/**
 * Slows guessing down without locking anybody out: an address that fails at an account is refused there, and one that
 * fails everywhere is refused everywhere; the owner comes in from another address. An account that many addresses
 * guess at is not refused to anybody, only slower. Who has a site of IPv6 (/48) has 65,536 of what counts as an address,
 * though a provider may share one out: it may fail ten times as often as an address. In memory: each server counts for
 * itself.
 */
export class LoginThrottle {
  private readonly pairs = new SlidingWindowCounter(10, WINDOW_MS);
  private readonly addresses = new SlidingWindowCounter(100, WINDOW_MS);
  private readonly sitePairs = new SlidingWindowCounter(100, WINDOW_MS);
  private readonly sites = new SlidingWindowCounter(1_000, WINDOW_MS);
  private readonly accounts = new SlidingWindowCounter(100, WINDOW_MS);
  private readonly registrations = new SlidingWindowCounter(300, WINDOW_MS);
  private readonly siteRegistrations = new SlidingWindowCounter(3_000, WINDOW_MS);

  constructor(private readonly now: () => number = Date.now) {}

  /** @throws AtomeError `rate_limited` */
  check(identifier: string, address: string): void {
    refuse(waitOf(this.countersOf(identifier, address), this.now()));
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
    const counters: Counters = [...this.countersOf(identifier, address), [this.accounts, identifier]];
    for (const [failures, key] of counters) failures.add(key, now);
    return () => {
      for (const [failures, key] of counters) failures.retract(key, now);
      this.pairs.clear(pairOf(identifier, address));
    };
  }

  /** @throws AtomeError `rate_limited` */
  register(address: string): void {
    const now = this.now();
    const site = siteOf(address);
    const counters: Counters = [[this.registrations, address], ...of(this.siteRegistrations, site)];
    refuse(waitOf(counters, now));
    for (const [failures, key] of counters) failures.add(key, now);
  }

  /** What refuses an attempt when it is full. */
  private countersOf(identifier: string, address: string): Counters {
    const site = siteOf(address);
    return [
      [this.pairs, pairOf(identifier, address)],
      [this.addresses, address],
      ...of(this.sitePairs, site && pairOf(identifier, site)),
      ...of(this.sites, site),
    ];
  }
}

/** Where something is counted, and as what. */
type Counters = readonly (readonly [failures: SlidingWindowCounter, key: string])[];

function of(failures: SlidingWindowCounter, key: string | undefined): Counters {
  return key === undefined ? [] : [[failures, key]];
}

function waitOf(counters: Counters, now: number): number {
  return Math.max(...counters.map(([failures, key]) => failures.waitMs(key, now)));
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
