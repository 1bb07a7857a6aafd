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

  /** @returns when the tenant may go on with what is large; a time that has passed: at once. */
  charge(tenant: string, bytes: number, now: number): number {
    for (const [name, until] of this.tenants) if (until <= now) this.tenants.delete(name);
    const until = Math.max(this.tenants.get(tenant) ?? 0, now) + bytes / BYTES_PER_MS.tenant;
    this.tenants.set(tenant, until);
    this.all = Math.max(this.all, now) + bytes / BYTES_PER_MS.all;
    return Math.max(until, this.all) - AHEAD_MS;
  }
}
