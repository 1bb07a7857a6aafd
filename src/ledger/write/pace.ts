/** How much is done in a millisecond, by a tenant and by all of them, and how many milliseconds they may be ahead of that. */
interface PaceOptions {
  readonly tenant: number;
  readonly all: number;
  readonly aheadMs: number;
}

/** How fast something is done that nobody gets in between. Charged by amount, so that it is the same for many small steps and few large ones. */
export class Pace {
  /** Until when what each tenant has done would have taken. */
  private readonly tenants = new Map<string, number>();
  private all = 0;

  constructor(private readonly options: PaceOptions) {}

  /** @returns when the tenant may go on with it; a time that has passed: at once. */
  charge(tenant: string, amount: number, now: number): number {
    const { options } = this;
    for (const [name, until] of this.tenants) if (until <= now) this.tenants.delete(name);
    const until = Math.max(this.tenants.get(tenant) ?? 0, now) + amount / options.tenant;
    this.tenants.set(tenant, until);
    this.all = Math.max(this.all, now) + amount / options.all;
    return Math.max(until, this.all) - options.aheadMs;
  }
}
