import { isIPv6 } from 'node:net';
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
    const [network, now] = [networkOf(address), this.now()];
    refuse(Math.max(this.pairs.waitMs(pairOf(identifier, network), now), this.addresses.waitMs(network, now)));
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
    const [network, now] = [networkOf(address), this.now()];
    const pair = pairOf(identifier, network);
    this.pairs.add(pair, now);
    this.addresses.add(network, now);
    this.accounts.add(identifier, now);
    return () => {
      this.pairs.clear(pair);
      this.addresses.takeBack(network, now);
      this.accounts.takeBack(identifier, now);
    };
  }

  /** @throws AtomeError `rate_limited` */
  register(address: string): void {
    const [network, now] = [networkOf(address), this.now()];
    refuse(this.registrations.waitMs(network, now));
    this.registrations.add(network, now);
  }
}

function refuse(waitMs: number): void {
  if (waitMs === 0) return;
  const retryAfter = Math.ceil(waitMs / 1_000);
  throw new AtomeError('rate_limited', `too many attempts from your address; try again in ${retryAfter} s`, {
    retryAfter,
  });
}

function pairOf(identifier: string, network: string): string {
  return `${network} ${identifier}`;
}

/** Who has one IPv6 address has 2^64 of them: its first half is the address. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = '', tail] = address.toLowerCase().split('%')[0]!.split('::');
  const groups = head === '' ? [] : head.split(':');
  const behind = tail === undefined || tail === '' ? 0 : tail.split(':').length;
  if (tail !== undefined) groups.push(...Array<string>(8 - groups.length - behind).fill('0'), ...tail.split(':'));
  return groups
    .slice(0, 4)
    .map((group) => parseInt(group || '0', 16).toString(16))
    .join(':');
}
