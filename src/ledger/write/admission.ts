import { AtomeError, type Mutation } from '../../protocol/index.js';
import type { WriteOrigin } from '../outcome.js';
import { mayBeAlwaysAllowed } from './always-allowed.js';
import { MAX_CHARS, MAX_WRITES } from './group-size.js';
import { HeldRefusals } from './held-refusals.js';
import { WriteRate } from './quotas.js';
import type { Apart, Load } from './waiting-writes.js';
import type { WriteEnvironment } from './write-environment.js';

/** How many writes may wait at once, however fast they are decided. Of all, nobody is refused who has no more than a share. */
export const MAX_WAITING = { tenant: 20_000, all: 100_000 } as const;

/** How much may wait of one tenant: so many full groups, however slow the database is, and behind those what is decided in time. */
interface Room {
  readonly groups: number;
  readonly ms: number;
}
/** Of what comes all at once: a push, and what was before it. */
export const BURST: Room = { groups: 5, ms: 250 };
/** Where more comes than is decided: what waits makes nothing faster then, and everybody later. */
export const STANDING: Room = { groups: 2, ms: 150 };
/** A queue of which so long no less than this part of a group was left after any group stands, in milliseconds. */
export const STANDING_AFTER_MS = 500;
const SHORT_GROUP = 0.5;

/** How many groups may wait of those of a tenant who rest for what they have altered, each a share of them: nobody waits for those. */
export const MAX_APART_GROUPS = 5;

/**
 * What may take rights away gets in, whatever others of the tenant have sent: so many of one principal in a second, and at
 * once.
 */
export const RESERVE = { writesPerSecond: 5, writeBurst: 20 } as const;

/** When it is worth trying again, at the least, in milliseconds. */
const RETRY_MS = 1_000;

/** What a write takes besides its characters, in bytes. */
const ENVELOPE_BYTES = 512;

/** How much of what a group took goes into what the next ones are expected to take. */
const NEWEST_SHARE = 0.3;

type AdmissionEnvironment = Pick<WriteEnvironment, 'quotas' | 'memory' | 'onRefused' | 'elsewhere'>;

/** The writes of one tenant that wait. */
interface Waiting {
  count: number;
  chars: number;
  /** How long its recent groups took, with what others did in between, in milliseconds. */
  groupMs: number;
  /** When little was left the last time. */
  shortAt: number;
}

/** A write as it comes. */
export interface SubmittedWrite {
  readonly mutation: Pick<Mutation, 'operation' | 'changes'>;
  readonly origin: Pick<WriteOrigin, 'principal'>;
}

/** One, or several that belong together. */
export type SubmittedWrites = readonly [SubmittedWrite, ...SubmittedWrite[]];

/** Why a write does not get in. */
interface Excess {
  readonly error: AtomeError;
  /** What the operator is told, and for what. */
  readonly report?: readonly [cause: string, line: string];
}

/** What a decided group tells. */
export interface DecidedGroup {
  readonly writes: readonly { readonly chars: number }[];
  /** How long it took, from the end of the one before it where that was waited for, in milliseconds. */
  readonly tookMs: number;
  /** What of its tenant waits apart. */
  readonly apart?: Load | undefined;
}

/**
 * Lets writes in, as long as the writer is open, their tenant may write and they are not expected to wait for long: what
 * waits longer than its caller does is decided for nobody, and is sent again.
 */
export class Admission {
  private readonly rate: WriteRate;
  private readonly reserve = new WriteRate(RESERVE);
  private readonly tenants = new Map<string, Waiting>();
  private allWaiting = 0;
  private held = 0;
  /** As that of a tenant, of whichever wrote last. */
  private groupMs = 0;
  private isClosed = false;
  private readonly refusals = new HeldRefusals();

  /** @param now never goes back: a clock that is put right must keep nobody out. */
  constructor(
    private readonly environment: AdmissionEnvironment,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.rate = new WriteRate(environment.quotas);
    environment.elsewhere?.onWrites((tenant, writes) => this.rate.charge(tenant, writes, this.now()));
  }

  /** About how many bytes the writes take that wait. */
  get bytes(): number {
    return this.held;
  }

  /** As {@link enter}, but returns a refusal, which may be kept back for a moment. */
  admit(tenant: string, chars: number, writes: SubmittedWrites, apart?: Apart): Promise<never> | undefined {
    try {
      this.enter(tenant, chars, writes, apart);
      return undefined;
    } catch (error) {
      const refusal = error as AtomeError;
      // what is held takes memory, too: with all that has been read of it
      const { memory } = this.environment;
      return memory && !memory.hasRoom() ? Promise.reject(refusal) : this.refusals.told(refusal);
    }
  }

  /**
   * Lets writes of so many characters wait until they {@link leave}: all of them, or none.
   * @param apart what waits apart of the tenant, as their author finds it.
   * @throws AtomeError `unavailable` when the server is going down or has no room; `rate_limited` when the tenant writes too often.
   */
  enter(tenant: string, chars: number, writes: SubmittedWrites, apart?: Apart): void {
    if (this.isClosed) throw new AtomeError('unavailable', 'the server is going down; try again');
    const now = this.now();
    const waiting = this.tenants.get(tenant) ?? { count: 0, chars: 0, groupMs: this.groupMs, shortAt: now };
    const excess = this.excessOf(waiting, now, apart) ?? this.rateExcess(tenant, now);
    if (excess && !this.takesReserve(tenant, writes, now)) {
      if (excess.report) this.environment.onRefused?.(...excess.report);
      throw excess.error;
    }
    const { length } = writes;
    this.charge(tenant, length, now);
    if (waiting.count === 0) this.tenants.set(tenant, waiting);
    waiting.count += length;
    waiting.chars += chars;
    this.allWaiting += length;
    this.held += chars + length * ENVELOPE_BYTES;
  }

  /** The group has been decided, and waits no more. */
  leave(tenant: string, { writes, tookMs, apart }: DecidedGroup): void {
    const waiting = this.tenants.get(tenant)!;
    const before = waiting.groupMs || tookMs;
    waiting.groupMs = this.groupMs = before + NEWEST_SHARE * (tookMs - before);
    const chars = writes.reduce((sum, write) => sum + write.chars, 0);
    waiting.count -= writes.length;
    waiting.chars -= chars;
    if (groupsOf(without(waiting, apart)) < SHORT_GROUP) waiting.shortAt = this.now();
    if (waiting.count === 0) this.tenants.delete(tenant);
    this.allWaiting -= writes.length;
    this.held -= chars + writes.length * ENVELOPE_BYTES;
  }

  /** Charges a tenant for rows that its writes have come to since. */
  charge(tenant: string, rows: number, now = this.now()): void {
    this.rate.charge(tenant, rows, now);
    this.environment.elsewhere?.wrote(tenant, rows);
  }

  /** Lets nothing in any more. */
  close(): void {
    this.isClosed = true;
    this.refusals.end();
  }

  private takesReserve(tenant: string, writes: SubmittedWrites, now: number): boolean {
    const [{ mutation, origin }] = writes;
    const name = `${tenant} ${origin.principal.id}`;
    if (writes.length > 1 || !mayBeAlwaysAllowed(mutation) || this.reserve.waitFor(name, now) > 0) return false;
    this.reserve.charge(name, 1, now);
    return true;
  }

  private rateExcess(tenant: string, now: number): Excess | undefined {
    const retryAfter = this.rate.waitFor(tenant, now);
    if (retryAfter === 0) return undefined;
    const { writesPerSecond } = this.environment.quotas;
    const text = `the tenant may write ${writesPerSecond} times a second; wait, then repeat`;
    return { error: new AtomeError('rate_limited', text, { retryAfter }) };
  }

  private excessOf(waiting: Waiting, now: number, apart?: Apart): Excess | undefined {
    if (apart?.own) {
      const excess = apartExcess(apart.own, apart);
      if (excess) return excess;
    }
    const ready = without(waiting, apart?.all);
    const groups = groupsOf(ready);
    const expectedMs = groups * waiting.groupMs;
    const room = now - waiting.shortAt >= STANDING_AFTER_MS ? STANDING : BURST;
    const isLong = ready.count >= MAX_WAITING.tenant || (groups >= room.groups && expectedMs > room.ms);
    if (isLong && !apart?.own) {
      const why = `it would wait for ${Math.round(expectedMs)} ms behind others of its tenant`;
      return noRoom('writes', why, expectedMs);
    }
    const isFull = this.allWaiting >= MAX_WAITING.all;
    if (isFull && waiting.count >= MAX_WAITING.all / this.tenants.size)
      return noRoom('all writes', `${this.allWaiting} writes of all tenants wait already`, expectedMs);
    const { memory } = this.environment;
    return !memory || memory.hasRoom() ? undefined : noRoom('memory', memory.excess, expectedMs);
  }
}

function apartExcess(own: NonNullable<Apart['own']>, { all, lanes }: Apart): Excess | undefined {
  const isShare = groupsOf(own) >= MAX_APART_GROUPS / Math.max(1, lanes);
  if (!isShare && all.count < MAX_WAITING.tenant) return undefined;
  return noRoom('writes of one', 'enough waits already for the end of the rest of its author', own.restMs);
}

function without({ count, chars }: Load, apart: Load = { count: 0, chars: 0 }): Load {
  return { count: count - apart.count, chars: chars - apart.chars };
}

/** How many groups they make. */
function groupsOf({ count, chars }: Load): number {
  return Math.max(count / MAX_WRITES, chars / MAX_CHARS);
}

function noRoom(cause: string, why: string, expectedMs: number): Excess {
  const text = 'too many writes wait to be decided; send fewer at once, and try again';
  return {
    error: new AtomeError('unavailable', text, { retryAfter: Math.max(RETRY_MS, Math.round(expectedMs)) }),
    report: [cause, `503: a write was refused: ${why}`],
  };
}
