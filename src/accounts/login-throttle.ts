import { createHash } from 'node:crypto';
import { siteOf } from '../auth/admission/client-address.js';
import { AtomeError } from '../protocol/index.js';
import { SlidingWindowCounter } from './sliding-window-counter.js';

/** How long a failure counts, in milliseconds. */
export const LOGIN_WINDOW_MS = 15 * 60_000;
/** How long each attempt on an account waits that many addresses guess at. */
const DELAY_MS = 2_000;

/** The result of an attempt, to be told once it is known. */
export interface Attempt {
  succeeded(): void;
  failed(): void;
}

/** What other servers are told: which counters go up, or, without any, which pair is forgotten. Keys are digests. */
export interface AttemptReport {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly failures: readonly (readonly [counter: CounterName, key: string])[];
  readonly forgotten?: string;
}

/**
 * Slows guessing down without locking anybody out: an address that fails at an account is refused there, and one that
 * fails everywhere is refused everywhere; the owner comes in from another address. An account that many addresses
 * guess at is not refused to anybody, only slower. Who knows the password may log in as often as a program has reason to:
 * each time costs a hash and a session. Who has a site of IPv6 (/48) has 65,536 of what counts as an address,
 * though a provider may share one out: it may fail ten times as often as an address. In memory; servers tell each other of
 * what has failed.
 */
export class LoginThrottle {
  private readonly counters = {
    pairs: new SlidingWindowCounter(10, LOGIN_WINDOW_MS),
    addresses: new SlidingWindowCounter(100, LOGIN_WINDOW_MS),
    sitePairs: new SlidingWindowCounter(100, LOGIN_WINDOW_MS),
    sites: new SlidingWindowCounter(1_000, LOGIN_WINDOW_MS),
    accounts: new SlidingWindowCounter(100, LOGIN_WINDOW_MS),
    logins: new SlidingWindowCounter(300, LOGIN_WINDOW_MS),
    registrations: new SlidingWindowCounter(300, LOGIN_WINDOW_MS),
    siteRegistrations: new SlidingWindowCounter(3_000, LOGIN_WINDOW_MS),
  };
  private report: (report: AttemptReport) => void = () => undefined;

  constructor(private readonly now: () => number = Date.now) {}

  /** @param report is told of what others are to count. */
  onReport(report: (report: AttemptReport) => void): void {
    this.report = report;
  }

  /** @throws AtomeError `rate_limited` */
  check(identifier: string, address: string): void {
    this.refuse([...keysOf(identifier, address), ['logins', digestOf(identifier)]]);
  }

  /** How long an attempt must wait, in milliseconds. */
  delayOf(identifier: string): number {
    return this.counters.accounts.waitMs(digestOf(identifier), this.now()) > 0 ? DELAY_MS : 0;
  }

  /** An attempt is a failure until it has succeeded, so that many at once are not more than one after the other. */
  begin(identifier: string, address: string): Attempt {
    this.check(identifier, address);
    const at = this.now();
    const failures: Keys = [...keysOf(identifier, address), ['accounts', digestOf(identifier)]];
    this.count(failures, at);
    const [[, pair]] = failures as [Keys[number]];
    return {
      succeeded: () => {
        for (const [counter, key] of failures) this.counters[counter].retract(key, at);
        const now = this.now();
        this.counters.pairs.clear(pair, now);
        this.count([['logins', digestOf(identifier)]], now);
        this.report({ at: now, failures: [], forgotten: pair });
      },
      failed: () => this.report({ at, failures }),
    };
  }

  /** @throws AtomeError `rate_limited` */
  register(address: string): void {
    const at = this.now();
    const failures: Keys = [['registrations', digestOf(address)], ...keyOf('siteRegistrations', siteOf(address))];
    this.refuse(failures);
    this.count(failures, at);
    this.report({ at, failures });
  }

  /** Counts what happened at another server. */
  heard({ at, failures, forgotten }: AttemptReport): void {
    // no later than now, whatever the clock there says
    this.count(failures, Math.min(at, this.now()));
    if (forgotten !== undefined) this.counters.pairs.clear(forgotten, at);
  }

  private count(failures: Keys, at: number): void {
    for (const [counter, key] of failures) this.counters[counter].add(key, at);
  }

  private refuse(failures: Keys): void {
    const now = this.now();
    const retryAfter = Math.max(...failures.map(([counter, key]) => this.counters[counter].waitMs(key, now)));
    if (retryAfter === 0) return;
    const seconds = Math.ceil(retryAfter / 1_000);
    throw new AtomeError(
      'rate_limited',
      `too many attempts from your address, or at the account; try again in ${seconds} s`,
      {
        retryAfter,
      },
    );
  }
}

type CounterName =
  'pairs' | 'addresses' | 'sitePairs' | 'sites' | 'accounts' | 'logins' | 'registrations' | 'siteRegistrations';

/** Where something is counted, and as what. */
type Keys = AttemptReport['failures'];

/** What refuses an attempt when it is full, that of the pair first. */
function keysOf(identifier: string, address: string): Keys {
  const site = siteOf(address);
  return [
    ['pairs', digestOf(`${address} ${identifier}`)],
    ['addresses', digestOf(address)],
    ...keyOf('sitePairs', site && `${site} ${identifier}`),
    ...keyOf('sites', site),
  ];
}

function keyOf(counter: CounterName, text: string | undefined): Keys {
  return text === undefined ? [] : [[counter, digestOf(text)]];
}

/** Nobody needs to know who it was. */
function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
