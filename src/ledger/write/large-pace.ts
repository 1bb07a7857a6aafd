import type { CommittedGroup } from './group-commits.js';
import { restAfter } from './group-size.js';

/**
 * Bytes of large atomes that the writes of a tenant look at in a millisecond, and those of all tenants: each is read, gone
 * through, committed and told whole, however little is altered.
 */
const BYTES_PER_MS = { tenant: 16 * 1024, all: 32 * 1024 } as const;

/** What they may be ahead of that, in milliseconds: nobody waits who alters something large now and then. */
const AHEAD_MS = 250;

/** How fast large atomes are altered. Charged by bytes, so that it is the same for many small steps and few large ones. */
export class LargePace {
  /** Until when what each tenant has done would have taken. */
  private readonly tenants = new Map<string, number>();
  private all = 0;

  /**
   * What follows a group: how long all of its tenant rest, in milliseconds, and until when those do who have altered what is large;
   * undefined where nobody has.
   */
  after(
    tenant: string,
    { heldMs, large }: Pick<CommittedGroup, 'heldMs' | 'large'>,
    now = performance.now(),
  ): { readonly all: number; readonly until?: number } {
    const largeBytes = [...large.values()].reduce((sum, bytes) => sum + bytes, 0);
    const rest = restAfter({ heldMs, largeBytes });
    if (largeBytes === 0) return { all: rest.all };
    return { all: rest.all, until: Math.max(this.charge(tenant, largeBytes, now), now + rest.large) };
  }

  /** @returns when the tenant may go on with what is large; a time that has passed: at once. */
  charge(tenant: string, bytes: number, now: number): number {
    for (const [name, until] of this.tenants) if (until <= now) this.tenants.delete(name);
    const until = Math.max(this.tenants.get(tenant) ?? 0, now) + bytes / BYTES_PER_MS.tenant;
    this.tenants.set(tenant, until);
    this.all = Math.max(this.all, now) + bytes / BYTES_PER_MS.all;
    return Math.max(until, this.all) - AHEAD_MS;
  }
}
