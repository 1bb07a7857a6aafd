/** How much is done in a millisecond, by a tenant and by all of them, and how many milliseconds they may be ahead of that. */
interface PaceOptions {
  readonly tenant: number;
  readonly all: number;
  readonly aheadMs: number;
  /** How long nobody waits longer, in milliseconds. */
  readonly mostMs: number;
}

/**
 * How fast something is done that nobody gets in between. Charged by amount, so that it is the same for many small steps and few large
 * ones. Tenants who do it at the same time have equal parts of what all may: none waits for how much another has done.
 */
export class Pace {
  /** Until when what each tenant has done would have taken. */
  private readonly tenants = new Map<string, number>();

  constructor(private readonly options: PaceOptions) {}

  /** @returns when the tenant may go on with it; a time that has passed: at once. */
  charge(tenant: string, amount: number, now: number): number {
    const { options } = this;
    for (const [name, until] of this.tenants) if (until <= now) this.tenants.delete(name);
    const before = this.tenants.get(tenant) ?? now;
    this.tenants.set(tenant, before);
    const tookMs = Math.max(amount / options.tenant, (amount * this.tenants.size) / options.all);
    const until = Math.min(before + tookMs, now + options.mostMs);
    this.tenants.set(tenant, until);
    return until - options.aheadMs;
  }
}
