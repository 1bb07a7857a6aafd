import type { SharedState } from '../bus/shared-state.js';
import type { Quotas } from '../ledger/write/quotas.js';
import type { OtherWriters } from '../ledger/write/write-environment.js';

const KEY = 'writes ';
/** How long a tenant that does not write is remembered, in milliseconds. */
const IDLE_MS = 60_000;

/** How many writes since when, and when there were more of them. */
interface Tally {
  readonly count: number;
  readonly since: number;
  readonly at: number;
}

/** Has each server charge tenants for what they write at the others, too: at all of them together they have one rate. */
export class WritesElsewhere implements OtherWriters {
  /** By tenant, the one that has written last at the end. */
  private readonly own = new Map<string, Tally>();
  /** What other servers have told, by server and tenant; kept when they go, since they may come back. */
  private readonly heard = new Map<string, Tally>();
  private charge: (tenant: string, writes: number) => void = () => undefined;

  constructor(
    private readonly shared: Pick<SharedState, 'set' | 'onChange'>,
    private readonly rate: Pick<Quotas, 'writesPerSecond' | 'writeBurst'>,
    private readonly now: () => number = Date.now,
  ) {
    shared.onChange((node, key, value) => {
      if (value !== null && key.startsWith(KEY)) this.hear(node, key.slice(KEY.length), value as [number, number]);
    });
  }

  onWrites(charge: (tenant: string, writes: number) => void): void {
    this.charge = charge;
  }

  wrote(tenant: string, writes: number): void {
    const { count, since } = this.own.get(tenant) ?? { count: 0, since: this.now() };
    this.put(this.own, tenant, count + writes, since);
    this.shared.set(KEY + tenant, [count + writes, since]);
    this.prune(this.own, (idle) => this.shared.set(KEY + idle, null));
  }

  private hear(node: string, tenant: string, [count, since]: [number, number]): void {
    const name = `${node} ${tenant}`;
    const before = this.heard.get(name);
    this.put(this.heard, name, count, since);
    this.prune(this.heard, () => undefined);
    const writes = before?.since === since ? count - before.count : this.unpaid(count, since);
    if (writes > 0) this.charge(tenant, writes);
  }

  /** Of writes that were not heard of one by one: what is owed still, as if they had been even. */
  private unpaid(count: number, since: number): number {
    const { writesPerSecond, writeBurst } = this.rate;
    const paid = (Math.max(0, this.now() - since) / 1_000) * writesPerSecond;
    return Math.min(writeBurst, Math.floor(count - paid));
  }

  private put(tallies: Map<string, Tally>, name: string, count: number, since: number): void {
    tallies.delete(name);
    tallies.set(name, { count, since, at: this.now() });
  }

  private prune(tallies: Map<string, Tally>, gone: (name: string) => void): void {
    for (const [name, { at }] of tallies) {
      if (at > this.now() - IDLE_MS) return;
      tallies.delete(name);
      gone(name);
    }
  }
}
