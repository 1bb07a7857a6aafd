import { MAX_CHARS, MAX_WRITES } from './group-size.js';
import type { Load } from './waiting-writes.js';

/** What a write takes besides its characters, in bytes. */
const ENVELOPE_BYTES = 512;

/** How much of what a group took goes into what the next ones are expected to take. */
const NEWEST_SHARE = 0.3;

/** A queue of which less than this part of a group is left is short. */
const SHORT_GROUP = 0.5;

/** The writes of one tenant that wait. */
export interface TenantLoad extends Load {
  /** How long its recent groups took, with what others did in between, in milliseconds. */
  readonly groupMs: number;
  /** When little was left the last time. */
  readonly shortAt: number;
}

/** What a decided group tells. */
export interface DecidedGroup {
  readonly writes: readonly { readonly chars: number }[];
  /** How long it took, from the end of the one before it where that was waited for, in milliseconds. */
  readonly tookMs: number;
  /** What of its tenant waits apart. */
  readonly apart?: Load | undefined;
}

/** How much waits, of each tenant and of all, and how fast it is decided. */
export class WaitingLoad {
  private readonly tenants = new Map<string, { -readonly [K in keyof TenantLoad]: TenantLoad[K] }>();
  private waiting = 0;
  private held = 0;
  /** As that of a tenant, of whichever wrote last. */
  private groupMs = 0;

  /** How many writes. */
  get count(): number {
    return this.waiting;
  }

  /** About how many bytes they take. */
  get bytes(): number {
    return this.held;
  }

  /** Of how many tenants. */
  get size(): number {
    return this.tenants.size;
  }

  of(tenant: string, now: number): TenantLoad {
    return this.tenants.get(tenant) ?? { count: 0, chars: 0, groupMs: this.groupMs, shortAt: now };
  }

  add(tenant: string, count: number, chars: number, now: number): void {
    let load = this.tenants.get(tenant);
    if (!load) this.tenants.set(tenant, (load = { count: 0, chars: 0, groupMs: this.groupMs, shortAt: now }));
    load.count += count;
    load.chars += chars;
    this.waiting += count;
    this.held += chars + count * ENVELOPE_BYTES;
  }

  /** A group has been decided, and waits no more. */
  take(tenant: string, { writes, tookMs, apart }: DecidedGroup, now: number): void {
    const load = this.tenants.get(tenant)!;
    const before = load.groupMs || tookMs;
    load.groupMs = this.groupMs = before + NEWEST_SHARE * (tookMs - before);
    const chars = writes.reduce((sum, write) => sum + write.chars, 0);
    load.count -= writes.length;
    load.chars -= chars;
    if (groupsOf(without(load, apart)) < SHORT_GROUP) load.shortAt = now;
    if (load.count === 0) this.tenants.delete(tenant);
    this.waiting -= writes.length;
    this.held -= chars + writes.length * ENVELOPE_BYTES;
  }
}

export function without({ count, chars }: Load, apart: Load = { count: 0, chars: 0 }): Load {
  return { count: count - apart.count, chars: chars - apart.chars };
}

/** How many groups they make. */
export function groupsOf({ count, chars }: Load): number {
  return Math.max(count / MAX_WRITES, chars / MAX_CHARS);
}
