/** What can be displaced by a newer one. */
interface Displaceable {
  revoke(why: 'displaced'): void;
}

/** The leases whose principals are not known yet: in all, and at each address, in the order in which they came. */
export class UnauthenticatedLeases {
  private readonly all = new Set<Displaceable>();
  private readonly byAddress = new Map<string, Set<Displaceable>>();

  get count(): number {
    return this.all.size;
  }

  /** Whether one is at an address. */
  isAt(address: string): boolean {
    return this.byAddress.has(address);
  }

  add(lease: Displaceable, address: string): void {
    this.all.add(lease);
    const here = this.byAddress.get(address);
    if (here) here.add(lease);
    else this.byAddress.set(address, new Set([lease]));
  }

  /** Does nothing where it is not among them. */
  remove(lease: Displaceable, address: string): void {
    if (!this.all.delete(lease)) return;
    const here = this.byAddress.get(address)!;
    here.delete(lease);
    if (here.size === 0) this.byAddress.delete(address);
  }

  /** Revokes the oldest, which is to have itself removed. @param address left out: of all. */
  displaceOldest(address?: string): void {
    const [oldest] = (address === undefined ? this.all : this.byAddress.get(address)) ?? [];
    oldest?.revoke('displaced');
  }
}
