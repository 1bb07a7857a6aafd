import { AtomeError, type Mutation } from '../../protocol/index.js';
import type { WriteOrigin } from '../outcome.js';
import { mayBeAlwaysAllowed } from './always-allowed.js';
import { HeldRefusals } from './held-refusals.js';
import { WriteRate } from './quotas.js';
import { groupsOf, WaitingLoad, without, type DecidedGroup, type TenantLoad } from './waiting-load.js';
import type { Apart } from './waiting-writes.js';
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
/** A queue that was not short after any group for so long stands, in milliseconds. */
export const STANDING_AFTER_MS = 500;

/** How many groups may wait of those of a tenant who rest for what they have altered, each a share of them: nobody waits for those. */
export const MAX_APART_GROUPS = 5;

/**
 * What may take rights away gets in, whatever others of the tenant have sent: so many of one principal in a second, and at
 * once.
 */
export const RESERVE = { writesPerSecond: 5, writeBurst: 20 } as const;

/** When it is worth trying again, at the least, in milliseconds. */
const RETRY_MS = 1_000;

type AdmissionEnvironment = Pick<WriteEnvironment, 'quotas' | 'memory' | 'onRefused' | 'elsewhere'>;

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

/**
 * Lets writes in, as long as the writer is open, their tenant may write and they are not expected to wait for long: what
 * waits longer than its caller does is decided for nobody, and is sent again.
 */
export class Admission {
  private readonly rate: WriteRate;
  private readonly reserve = new WriteRate(RESERVE);
  private readonly waiting = new WaitingLoad();
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
    return this.waiting.bytes;
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
    const excess = this.excessOf(this.waiting.of(tenant, now), now, apart) ?? this.rateExcess(tenant, now);
    if (excess && !this.takesReserve(tenant, writes, now)) {
      if (excess.report) this.environment.onRefused?.(...excess.report);
      throw excess.error;
    }
    const { length } = writes;
    this.charge(tenant, length, now);
    this.waiting.add(tenant, length, chars, now);
  }

  /** The group has been decided, and waits no more. */
  leave(tenant: string, group: DecidedGroup): void {
    this.waiting.take(tenant, group, this.now());
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

  private excessOf(load: TenantLoad, now: number, apart?: Apart): Excess | undefined {
    if (apart?.own) {
      const excess = apartExcess(apart.own, apart);
      if (excess) return excess;
    }
    const ready = without(load, apart?.all);
    const groups = groupsOf(ready);
    const expectedMs = groups * load.groupMs;
    const room = now - load.shortAt >= STANDING_AFTER_MS ? STANDING : BURST;
    const isLong = ready.count >= MAX_WAITING.tenant || (groups >= room.groups && expectedMs > room.ms);
    if (isLong && !apart?.own) {
      const why = `it would wait for ${Math.round(expectedMs)} ms behind others of its tenant`;
      return noRoom('writes', why, expectedMs);
    }
    const { count, size } = this.waiting;
    if (count >= MAX_WAITING.all && load.count >= MAX_WAITING.all / size)
      return noRoom('all writes', `${count} writes of all tenants wait already`, expectedMs);
    const { memory } = this.environment;
    return !memory || memory.hasRoom() ? undefined : noRoom('memory', memory.excess, expectedMs);
  }
}

function apartExcess(own: NonNullable<Apart['own']>, { all, lanes }: Apart): Excess | undefined {
  const isShare = groupsOf(own) >= MAX_APART_GROUPS / Math.max(1, lanes);
  if (!isShare && all.count < MAX_WAITING.tenant) return undefined;
  return noRoom('writes of one', 'enough waits already for the end of the rest of its author', own.restMs);
}

function noRoom(cause: string, why: string, expectedMs: number): Excess {
  const text = 'too many writes wait to be decided; send fewer at once, and try again';
  return {
    error: new AtomeError('unavailable', text, { retryAfter: Math.max(RETRY_MS, Math.round(expectedMs)) }),
    report: [cause, `503: a write was refused: ${why}`],
  };
}
