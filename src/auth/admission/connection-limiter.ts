import { AtomeError } from '../../protocol/index.js';
import type { Authenticator, Identity } from '../authentication/authenticator.js';
import { Counter } from './counter.js';
import { Deadline } from './deadline.js';
import { UnauthenticatedLeases } from './unauthenticated-leases.js';

/** How many connections and streams may be open at once; 0: as many as come. */
export interface ConnectionLimits {
  readonly total: number;
  /** From one address; more than one client may be behind it. */
  readonly perAddress: number;
  readonly perPrincipal: number;
  /** Of those that have not yet said who they are; the oldest makes room for the newest. */
  readonly unauthenticated: number;
}

export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
  total: 20_000,
  perAddress: 2_000,
  perPrincipal: 200,
  unauthenticated: 1_000,
};

/** Why a place has to be left: its owner's token is good no longer, or somebody else needs it more. */
export type RevocationReason = 'expired' | 'withdrawn' | 'displaced';

/** How often the identities of all leases are checked, in milliseconds. */
const CHECK_MS = 1_000;
/** When it is worth trying again at a full server, in milliseconds. */
const RETRY_MS = 5_000;

/**
 * Limits connections and streams that are open: in all, for each address and for each principal; and revokes the lease
 * of an identity that is no longer current, or whose token has expired.
 */
export class ConnectionLimiter {
  /** In the order in which they were acquired. */
  private readonly leases = new Set<ConnectionLease>();
  private readonly unauthenticated = new UnauthenticatedLeases();
  private readonly addresses = new Counter();
  private readonly principals = new Counter();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly authenticator: Authenticator,
    private readonly options: ConnectionLimits = DEFAULT_CONNECTION_LIMITS,
    private readonly now: () => number = Date.now,
  ) {}

  start(): void {
    this.stop();
    this.timer = setInterval(() => void this.check(), CHECK_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Why nothing more can be opened from an address; undefined when it can. */
  refusal(address: string): AtomeError | undefined {
    const { total, perAddress } = this.options;
    const retryAfter = RETRY_MS;
    if (isFull(this.leases.size, total)) {
      const message = 'the server has no room for more connections (MAX_CONNECTIONS); try again later';
      return new AtomeError('unavailable', message, { retryAfter });
    }
    // others may share the address with whoever fills it, so that who is not known makes room
    const isTaken = isFull(this.addresses.of(address), perAddress) && !this.unauthenticated.isAt(address);
    return isTaken ? tooMany('from this address', 'MAX_CONNECTIONS_PER_ADDRESS') : undefined;
  }

  /**
   * Acquires a lease, whether or not there is a {@link refusal}.
   * @param onRevoked called at most once, when whoever is there may not stay.
   */
  acquire(address: string, onRevoked: (why: RevocationReason) => void): ConnectionLease {
    const lease = new ConnectionLease(onRevoked, {
      assigned: (before, after) => this.countPrincipal(lease, address, before, after),
      released: () => this.remove(lease, address),
      now: this.now,
    });
    if (this.authenticator.required) this.addUnauthenticated(lease, address);
    this.leases.add(lease);
    this.addresses.add(address);
    return lease;
  }

  /** Checks the identity of each lease once. */
  async check(): Promise<void> {
    // a timer knows of no clock that is put right after it was set
    const now = this.now();
    for (const lease of this.leases) {
      const { expiresAt = null } = lease.identity ?? {};
      if (expiresAt !== null && expiresAt <= now) lease.revoke('expired');
    }
    await this.authenticator.refresh();
    for (const lease of this.leases) {
      if (lease.identity && !this.authenticator.isCurrent(lease.identity)) lease.revoke('withdrawn');
    }
  }

  /** The oldest unauthenticated connection makes room for the newest, so that a flood displaces only itself. */
  private addUnauthenticated(lease: ConnectionLease, address: string): void {
    const { unauthenticated, options } = this;
    if (isFull(this.addresses.of(address), options.perAddress)) unauthenticated.displaceOldest(address);
    if (isFull(unauthenticated.count, options.unauthenticated)) unauthenticated.displaceOldest();
    unauthenticated.add(lease, address);
  }

  private countPrincipal(lease: ConnectionLease, address: string, before: Identity | undefined, after: Identity): void {
    // without authentication everybody is the same
    if (before || !this.authenticator.required) return;
    const name = nameOf(after);
    if (isFull(this.principals.of(name), this.options.perPrincipal))
      throw tooMany('of yours', 'MAX_CONNECTIONS_PER_PRINCIPAL');
    this.principals.add(name);
    this.unauthenticated.remove(lease, address);
  }

  private remove(lease: ConnectionLease, address: string): void {
    if (!this.leases.delete(lease)) return;
    this.addresses.remove(address);
    this.unauthenticated.remove(lease, address);
    if (lease.identity) this.principals.remove(nameOf(lease.identity));
  }
}

/** What a lease reports to its limiter. */
interface LeaseHolder {
  assigned(before: Identity | undefined, after: Identity): void;
  released(): void;
  /** By which tokens expire. */
  readonly now: () => number;
}

/** One open connection or stream, and its identity. */
export class ConnectionLease {
  private owner: Identity | undefined;
  private expiry: Deadline | undefined;

  constructor(
    private readonly onRevoked: (why: RevocationReason) => void,
    private readonly holder: LeaseHolder,
  ) {}

  /** undefined until somebody is known. */
  get identity(): Identity | undefined {
    return this.owner;
  }

  /**
   * Says who it is, or that a newer token of the same principal counts.
   * @throws AtomeError `rate_limited` when that principal has too many leases.
   */
  assign(identity: Identity): void {
    this.holder.assigned(this.owner, identity);
    this.owner = identity;
    this.expiry?.clear();
    this.expiry = new Deadline(identity.expiresAt, () => this.revoke('expired'), this.holder.now);
  }

  revoke(why: RevocationReason): void {
    this.release();
    this.onRevoked(why);
  }

  /** May be called twice. */
  release(): void {
    this.expiry?.clear();
    this.holder.released();
  }
}

function isFull(count: number, most: number): boolean {
  return most > 0 && count >= most;
}

function nameOf({ principal }: Identity): string {
  return `${principal.tenant} ${principal.id}`;
}

/** @param setting where whoever runs the server can allow more. */
function tooMany(origin: string, setting: string): AtomeError {
  const message = `too many connections and streams ${origin} are open (${setting}); close some, then come back`;
  return new AtomeError('rate_limited', message, { retryAfter: RETRY_MS });
}
