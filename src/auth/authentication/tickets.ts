import { createHash, randomBytes } from 'node:crypto';
import { AtomeError } from '../../protocol/index.js';
import type { Authenticator, Identity } from './authenticator.js';

/** Where tickets are kept. All servers on one database share it. */
export interface TicketStore {
  put(hash: string, identity: Identity, expiresAt: number): Promise<void>;
  /** Takes it out, so that of all who ask for it, on any server, one gets it. Those that have expired are not there. */
  take(hash: string, now: number): Promise<Identity | undefined>;
}

export interface Ticket {
  readonly ticket: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** How long there is to use a ticket, in milliseconds. */
const TICKET_MS = 30_000;
/** 256 random bits as base64url. */
const TICKET_PATTERN = /^[\w-]{43}$/;

/**
 * One-time tickets, for what can send no header: whoever shows one is who asked for it, until that caller's token
 * ends. Addresses are written down in many places, so what stands in one must be worth nothing the second time.
 */
export class Tickets {
  constructor(
    private readonly store: TicketStore,
    private readonly authenticator: Authenticator,
    private readonly now: () => number,
  ) {}

  async issue(identity: Identity): Promise<Ticket> {
    const ticket = randomBytes(32).toString('base64url');
    const expiresAt = Math.min(this.now() + TICKET_MS, identity.expiresAt ?? Infinity);
    await this.store.put(hashOf(ticket), identity, expiresAt);
    return { ticket, expiresAt };
  }

  /** @throws AtomeError `unauthenticated` for one that is unknown, used or too old, or whose owner has lost its token. */
  async redeem(ticket: string): Promise<Identity> {
    const identity = TICKET_PATTERN.test(ticket) ? await this.store.take(hashOf(ticket), this.now()) : undefined;
    if (identity && this.authenticator.isCurrent(identity)) return identity;
    throw new AtomeError('unauthenticated', 'the ticket is not good, or no longer: POST /api/auth/ticket gets another');
  }
}

function hashOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('hex');
}
